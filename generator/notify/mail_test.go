package notify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"octopod/generator/notify"
	"octopod/generator/testenv"
)

// mailServer is a real SMTP server on loopback.
type mailServer struct {
	address string
	roots   *x509.CertPool
	got     chan message
	refuse  error // response to RCPT
}

type message struct {
	from, user string
	to         []string
	*mail.Message
	text string
}

// open starts an SMTP server; with implicit it speaks TLS from the first byte.
func (p *mailServer) open(t *testing.T, implicit bool) {
	t.Helper()
	p.got = make(chan message, 10)
	certificate := p.certificate(t)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{office: p}, nil }))
	server.Domain = "localhost"
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
}

func (p *mailServer) certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	p.roots = x509.NewCertPool()
	p.roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// session is one SMTP session.
type session struct {
	office  *mailServer
	message message
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "right" {
			return errors.New("wrong password")
		}
		s.message.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.message.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.message.to = append(s.message.to, to)
	return s.office.refuse
}

func (s *session) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(message.Body)
	s.message.Message, s.message.text = message, strings.ReplaceAll(string(text), "\r\n", "\n")
	s.office.got <- s.message
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func TestMailArrives(t *testing.T) {
	for _, way := range []notify.Encryption{notify.StartTLS, notify.TLS, notify.NoTLS} {
		t.Run(string(way), func(t *testing.T) {
			office := &mailServer{}
			office.open(t, way == notify.TLS)
			to := notify.Mail{Server: office.address, From: "Octopod <octopod@example.com>", To: []string{"qa@example.com", "pm@example.com"}, Encryption: way}
			if way != notify.NoTLS {
				to.Username, to.Password = "octopod", "right"
			}
			sink, err := notify.Open(notify.Options{Kind: notify.Email, Mail: to.Trusting(office.roots)})
			if err != nil {
				t.Fatal(err)
			}
			n := notice(t, hostile())
			if err := sink.Send(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			got := <-office.got
			if got.from != "octopod@example.com" || strings.Join(got.to, " ") != "qa@example.com pm@example.com" || got.user != to.Username {
				t.Errorf("from %s to %v by %q", got.from, got.to, got.user)
			}
			if got.Header.Get("Subject") != "feature-login runs" || got.Header.Get("Message-ID") != "<"+n.ID+"@example.com>" || got.Header.Get("Auto-Submitted") != "auto-generated" {
				t.Errorf("the head is %v", got.Header)
			}
			if got.Header.Get("Bcc") != "" {
				t.Error("a title became a header")
			}
			if !strings.Contains(got.text, "Open: https://feature-login.staging.example.com") {
				t.Errorf("the text is\n%s", got.text)
			}
		})
	}
}

func TestMailIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		refuse  error
		passing bool
	}{
		{"for good", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}, false},
		{"for now", &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "greylisted"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			office := &mailServer{refuse: c.refuse}
			office.open(t, false)
			sink := mailSink(t, office, "", "")
			if r := rejection(t, sink.Send(t.Context(), notice(t, login()))); r.Temporary != c.passing || !strings.Contains(r.Message, strings.TrimPrefix(c.refuse.Error(), "SMTP error ")[4:]) {
				t.Errorf("error %+v", r)
			}
		})
	}
}

// The sink sends the password to the configured server only, and no error quotes it.
func TestMailPasswordIsProtected(t *testing.T) {
	office := &mailServer{}
	office.open(t, false)
	office.certificate(t) // replaces the trusted root certificate
	if err := mailSink(t, office, "octopod", "right").Send(t.Context(), notice(t, login())); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("said: %v", err)
	}
	office.open(t, false)
	err := mailSink(t, office, "octopod", "wrong").Send(t.Context(), notice(t, login()))
	if err == nil || strings.Contains(err.Error(), `"wrong"`) {
		t.Errorf("said: %v", err)
	}
}

func mailSink(t *testing.T, office *mailServer, user, password string) notify.Sink {
	t.Helper()
	to := notify.Mail{Server: office.address, From: "octopod@example.com", To: []string{"qa@example.com"}, Username: user, Password: password}
	sink, err := notify.Open(notify.Options{Kind: notify.Email, Mail: to.Trusting(office.roots)})
	if err != nil {
		t.Fatal(err)
	}
	return sink
}

// Sending to a mail server that accepts a connection and sends nothing times out.
func TestMailServerThatHangs(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	sink := mailSink(t, &mailServer{address: listener.Addr().String()}, "", "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sink.Send(ctx, notice(t, login())) }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("Send reports success")
		}
	case <-time.After(testenv.Timeout):
		t.Error("Send hangs")
	}
}
