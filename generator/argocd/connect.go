package argocd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"strings"
	"time"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	applicationsetpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/applicationset"
	projectpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/project"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"octopod/generator/staging"
)

const (
	maxMessage = 200 << 20 // as Argo CD's own client: a list of thousands is one message
	// Argo CD allows a ping each 10 s and its own client sends one each 20 s. A
	// server that hangs is noticed after the sum of both.
	pingInterval = 20 * time.Second
	pingTimeout  = 10 * time.Second
	// gRPC itself waits up to two minutes before it dials again.
	maxRedialDelay = 2 * time.Second
)

// Client talks to one Argo CD about the Applications of one project. It is
// safe for use by many goroutines. Close ends it.
type Client struct {
	options      Options
	conn         *grpc.ClientConn
	http         *http.Client // with gRPC-web, nil else
	applications applicationpkg.ApplicationServiceClient
	sets         applicationsetpkg.ApplicationSetServiceClient
	accounts     accountpkg.AccountServiceClient
	projects     projectpkg.ProjectServiceClient
	timing       timing
}

// Connect prepares a client. It does not dial: that Argo CD is away shows with
// the first call, as CodeUnavailable, and every later call tries again.
func Connect(o Options) (*Client, error) {
	o, err := o.normalize()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	c := &Client{options: o, timing: defaultTiming()}
	dial := []grpc.DialOption{
		grpc.WithUserAgent("octopod"),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingInterval, Timeout: pingTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: maxRedialDelay},
		}),
	}
	if o.GRPCWeb {
		web := newGRPCWeb(o, tlsConfig)
		c.http = web.client
		dial = append(dial, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithChainUnaryInterceptor(o.observe, retry, web.unary), grpc.WithStreamInterceptor(web.stream))
	} else {
		dial = append(dial, grpc.WithTransportCredentials(transportCredentials(tlsConfig)), grpc.WithPerRPCCredentials(callMetadata{o}),
			grpc.WithChainUnaryInterceptor(o.observe, retry))
	}
	if c.conn, err = grpc.NewClient(o.Server, dial...); err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%q is no address of an Argo CD server", o.Server).Because(err)
	}
	c.applications = applicationpkg.NewApplicationServiceClient(c.conn)
	c.sets = applicationsetpkg.NewApplicationSetServiceClient(c.conn)
	c.accounts = accountpkg.NewAccountServiceClient(c.conn)
	c.projects = projectpkg.NewProjectServiceClient(c.conn)
	return c, nil
}

// observe says of every call how it went.
func (o Options) observe(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	began := time.Now()
	err := call(ctx, method, request, reply, conn, options...)
	if o.OnCall != nil {
		o.OnCall(method[strings.LastIndex(method, ".")+1:], status.Code(err).String(), time.Since(began))
	}
	return err
}

// retry tries a call a few times more when Argo CD is out of reach, for about
// a second: a server that has just restarted is back, while gRPC still waits
// before it dials. Every call of this package may be made twice.
func retry(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		err := call(ctx, method, request, reply, conn, options...)
		if status.Code(err) != codes.Unavailable || wait > 500*time.Millisecond {
			return err
		}
		select {
		case <-time.After(wait):
			conn.ResetConnectBackoff()
		case <-ctx.Done():
			return err
		}
	}
}

// Close ends the connection and everything that waits on it.
func (c *Client) Close() error {
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
	return c.conn.Close()
}

func transportCredentials(config *tls.Config) credentials.TransportCredentials {
	if config == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(config)
}

// tlsConfig gives nil for plain text.
func (o Options) tlsConfig() (*tls.Config, error) {
	if o.PlainText {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.Insecure}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "the certificate of Argo CD cannot be read").Because(err)
		}
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, staging.Errorf(staging.CodeInvalid, "%s holds no certificate in PEM", o.CAFile)
		}
	}
	if o.CertFile != "" || o.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "the client certificate for Argo CD cannot be read").Because(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// callMetadata sends what every call carries.
type callMetadata struct{ o Options }

// GetRequestMetadata gives the token the way Argo CD's own client does.
func (m callMetadata) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := m.o.token()
	if err != nil {
		return nil, err
	}
	md := map[string]string{"token": token}
	for _, header := range m.o.Headers {
		if name, value, ok := strings.Cut(header, ":"); ok {
			md[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	return md, nil
}

// RequireTransportSecurity lets plain text through, where a person chose it.
func (m callMetadata) RequireTransportSecurity() bool { return false }
