package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// Encryption selects how the connection to a mail server is encrypted.
type Encryption string

// The encryptions.
const (
	StartTLS Encryption = "starttls" // required: without it sending fails
	TLS      Encryption = "tls"      // from the first byte on, usually port 465
	NoTLS    Encryption = "none"     // for a relay on this machine or in a private network
)

// Mail configures a mail server, the sender and the recipients.
type Mail struct {
	Server     string // host:port
	From       string
	To         []string
	Encryption Encryption // "" is StartTLS
	Username   string     // "" for a relay without authentication
	Password   string

	roots *x509.CertPool // nil for the system's certificates
}

// mailTimeout bounds each step of sending a mail.
const mailTimeout = 15 * time.Second

// mailbox sends notices as mail.
type mailbox struct {
	Mail
	client *mail.Client
}

func newMailSink(m Mail) (Sink, error) {
	host, port, err := net.SplitHostPort(m.Server)
	number, notNumber := strconv.Atoi(port)
	if err != nil || notNumber != nil {
		return nil, fmt.Errorf("the mail server %q is not host:port", m.Server)
	}
	if _, err := envelope(m); err != nil {
		return nil, err
	}
	options := []mail.Option{mail.WithPort(number), mail.WithTimeout(mailTimeout), mail.WithDialContextFunc(m.dial(host))}
	authentication := mail.SMTPAuthAutoDiscover
	switch m.Encryption {
	case StartTLS, "":
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithTLSConfig(m.tls(host)))
	case TLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS)) // the connection is encrypted before SMTP begins
		authentication = mail.SMTPAuthPlain                       // the library does not see the encryption, so it would not use it
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("%q is not an encryption: write %s, %s or %s", m.Encryption, StartTLS, TLS, NoTLS)
	}
	if m.Username != "" {
		options = append(options, mail.WithSMTPAuth(authentication), mail.WithUsername(m.Username), mail.WithPassword(m.Password))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("cannot set up the mail server %q: %w", m.Server, err)
	}
	return &mailbox{m, client}, nil
}

func (m Mail) tls(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: m.roots, MinVersion: tls.VersionTLS12}
}

// dial returns a dialer that sets the context's deadline on the connection: the
// library itself waits for a server's greeting without a limit.
func (m Mail) dial(host string) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if m.Encryption == TLS {
			conn, err = (&tls.Dialer{Config: m.tls(host)}).DialContext(ctx, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if err != nil {
			return nil, err
		}
		if end, bounded := ctx.Deadline(); bounded {
			err = conn.SetDeadline(end)
		}
		return conn, err
	}
}

// envelope returns a mail without a body.
func envelope(m Mail) (*mail.Msg, error) {
	msg := mail.NewMsg()
	msg.SetUserAgent("octopod")
	if err := msg.From(m.From); err != nil {
		return nil, fmt.Errorf("the sender %q is not a mail address", m.From)
	}
	if len(m.To) == 0 {
		return nil, errors.New("the mail has no recipient")
	}
	if err := msg.To(m.To...); err != nil {
		return nil, fmt.Errorf("a recipient is not a mail address: %s", strings.Join(m.To, ", "))
	}
	return msg, nil
}

// Send implements Sink. All servers that report one event send the same Message-ID,
// and mail systems keep the first mail.
func (b *mailbox) Send(ctx context.Context, n Notice) error {
	msg, err := envelope(b.Mail)
	if err != nil {
		return err
	}
	_, domain, _ := strings.Cut(b.From, "@")
	msg.SetMessageIDWithValue(n.ID + "@" + strings.Trim(domain, "> "))
	msg.SetDateWithValue(n.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no vacation replies
	msg.Subject(n.Headline)
	msg.SetBodyString(mail.TypeTextPlain, n.text())
	err = b.client.DialAndSendWithContext(ctx, msg)
	var rejected *mail.SendError
	if errors.As(err, &rejected) {
		return &RejectedError{Message: oneLine(rejected.Error()), Temporary: rejected.IsTemp()}
	}
	return err
}

// text returns a notice as plain text.
func (n Notice) text() string {
	var b strings.Builder
	b.WriteString(n.Headline + "\n" + n.Sentence + "\n\n" + n.factLines() + "\n")
	for _, l := range n.Links {
		b.WriteString("\n" + l.Name + ": " + l.URL)
	}
	return b.String() + "\n"
}
