#!/bin/sh
# Makes the database at the first start, and serves it.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync -D "$PGDATA"
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o '-c listen_addresses=' start
  if [ -n "${POSTGRES_USER:-}" ]; then
    psql -v ON_ERROR_STOP=1 -v password="${POSTGRES_PASSWORD:-}" -U postgres -d postgres <<END
CREATE ROLE "$POSTGRES_USER" SUPERUSER LOGIN PASSWORD :'password';
CREATE DATABASE "${POSTGRES_DB:-$POSTGRES_USER}" OWNER "$POSTGRES_USER";
END
  fi
  pg_ctl -D "$PGDATA" -w -m fast stop
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' "$@"
