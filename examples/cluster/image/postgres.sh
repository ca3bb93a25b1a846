#!/bin/sh
# Makes the database at the first start, and serves it.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync -D "$PGDATA"
  [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ] || echo 'host all all all trust' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o '-c listen_addresses=' start
  if [ -n "${POSTGRES_USER:-}" ]; then
    psql -v ON_ERROR_STOP=1 -U postgres -d postgres <<END
CREATE ROLE "$POSTGRES_USER" SUPERUSER LOGIN;
CREATE DATABASE "${POSTGRES_DB:-$POSTGRES_USER}" OWNER "$POSTGRES_USER";
END
  fi
  pg_ctl -D "$PGDATA" -w -m fast stop
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' "$@"
