package database

import (
	"net"
	"net/url"
	"strconv"
)

// Login is how a staging signs in to its database.
type Login struct {
	Host     string
	Port     uint16
	Database string
	User     string
	Password string
	SSLMode  string
}

// PasswordKey is the key of the password in Variables.
const PasswordKey = "PGPASSWORD"

// Variables returns the login as the environment of a program that uses PostgreSQL.
func (l Login) Variables() map[string]string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(l.User, l.Password), Path: l.Database,
		Host: net.JoinHostPort(l.Host, strconv.Itoa(int(l.Port))), RawQuery: url.Values{"sslmode": {l.SSLMode}}.Encode(),
	}
	return map[string]string{
		"PGHOST": l.Host, "PGPORT": strconv.Itoa(int(l.Port)), "PGDATABASE": l.Database, "PGUSER": l.User,
		PasswordKey: l.Password, "PGSSLMODE": l.SSLMode, "DATABASE_URL": address.String(),
	}
}
