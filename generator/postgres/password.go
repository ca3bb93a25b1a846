package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"

	"octopod/generator/database"
)

// Credentials keeps the password of a staging's role where the staging's pods read it.
type Credentials interface {
	// Password returns the kept password, "" if there is none yet.
	Password(ctx context.Context) (string, error)
	// Keep writes how the staging signs in. It is the last write of a run.
	Keep(ctx context.Context, login database.Login) error
}

// keepLogin sets the password of the role, the kept one or a new one, and keeps the login.
func (s *session) keepLogin(ctx context.Context, w database.Wanted, credentials Credentials) error {
	password, err := credentials.Password(ctx)
	if err != nil {
		return err
	}
	if password == "" {
		password = rand.Text()
	}
	verifier, err := scramVerifier(password)
	if err != nil {
		return err
	}
	if err := s.do(ctx, fmt.Sprintf("ALTER ROLE %s PASSWORD %s", quote(w.Name), literal(verifier))); err != nil {
		return faultOf(ctx, err, "setting the password of "+w.Name)
	}
	login := database.Login{
		Host: s.server.Config.Host, Port: s.server.Config.Port, Database: w.Name, User: w.Name, Password: password, SSLMode: s.sslMode(),
	}
	return credentials.Keep(ctx, login)
}

// sslMode returns the mode for stagings: what this connection came to, since the mode of the
// provisioner may be to prefer encryption. Stagings may have no certificate of an authority.
func (s *session) sslMode() string {
	if _, encrypted := s.PgConn().Conn().(*tls.Conn); encrypted {
		return "require"
	}
	return "disable"
}

// scramIterations is the default of PostgreSQL.
const scramIterations = 4096

// scramVerifier returns what the server stores for a password (RFC 5802). The server
// computes the same from the password, but then the password is in its log.
func scramVerifier(password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", err
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, encode(salt), encode(stored[:]), encode(mac(salted, "Server Key"))), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
