// Package postgres makes a PostgreSQL server hold the database that a staging's record
// wants: it observes the copies of the database, plans with package database, and executes
// the plan, all in one session that holds an advisory lock. Only this package imports pgx.
//
// The provisioner that it signs in as needs CREATEDB, CREATEROLE and pg_signal_backend,
// and is no superuser.
package postgres
