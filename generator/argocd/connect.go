package argocd

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
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
	maxMessage = 200 << 20 // as in Argo CD's client: a list of thousands is one message
	// Argo CD allows a ping every 10 s. The client detects a hanging server after
	// pingInterval + pingTimeout.
	pingInterval = 12 * time.Second
	pingTimeout  = 5 * time.Second
	// gRPC waits up to two minutes by default.
	maxRedialDelay = 2 * time.Second
)

// Client accesses the Applications of one project in one Argo CD. It is safe for
// concurrent use. Close it after use.
type Client struct {
	options      Options
	conn         *grpc.ClientConn
	web          *grpcWeb // also has the HTTP client of the REST API
	applications applicationpkg.ApplicationServiceClient
	sets         applicationsetpkg.ApplicationSetServiceClient
	accounts     accountpkg.AccountServiceClient
	projects     projectpkg.ProjectServiceClient
	timing       timing
}

// Connect returns a client. It does not dial: if Argo CD is unreachable, calls return
// CodeUnavailable. Every call dials again if necessary.
func Connect(o Options) (*Client, error) {
	o, err := o.normalize()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	web := newGRPCWeb(o, tlsConfig)
	c := &Client{options: o, web: web, timing: defaultTiming()}
	dial := []grpc.DialOption{
		grpc.WithUserAgent("octopod"),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingInterval, Timeout: pingTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: maxRedialDelay},
		}),
	}
	if o.GRPCWeb {
		dial = append(dial, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithChainUnaryInterceptor(o.observe, c.limit, retry, web.unary), grpc.WithStreamInterceptor(web.stream))
	} else {
		dial = append(dial, grpc.WithTransportCredentials(transportCredentials(tlsConfig)), grpc.WithPerRPCCredentials(callMetadata{o}),
			grpc.WithChainUnaryInterceptor(o.observe, c.limit, retry))
	}
	if c.conn, err = grpc.NewClient(o.Server, dial...); err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%q is not the address of an Argo CD server", o.Server).Because(err)
	}
	c.applications = applicationpkg.NewApplicationServiceClient(c.conn)
	c.sets = applicationsetpkg.NewApplicationSetServiceClient(c.conn)
	c.accounts = accountpkg.NewAccountServiceClient(c.conn)
	c.projects = projectpkg.NewProjectServiceClient(c.conn)
	return c, nil
}

// observe reports every call to OnCall.
func (o Options) observe(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	began := time.Now()
	err := call(ctx, method, request, reply, conn, options...)
	if o.OnCall != nil {
		o.OnCall(method[strings.LastIndex(method, ".")+1:], status.Code(err).String(), time.Since(began))
	}
	return err
}

// limit sets a deadline on every call: a hanging server accepts calls and never answers.
func (c *Client) limit(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	timeout := c.timing.callTimeout
	if strings.HasSuffix(method, "/List") {
		timeout = c.timing.listTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return call(ctx, method, request, reply, conn, options...)
}

// retry repeats a call for about a second while Argo CD is unreachable: a server that
// restarted is available again before gRPC dials. All calls of this package are
// idempotent.
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

// Close closes the connection and cancels pending calls.
func (c *Client) Close() error {
	c.web.client.CloseIdleConnections()
	return c.conn.Close()
}

func transportCredentials(config *tls.Config) credentials.TransportCredentials {
	if config == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(config)
}

// tlsConfig returns the TLS configuration; nil for plain text.
func (o Options) tlsConfig() (*tls.Config, error) {
	if o.PlainText {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.Insecure}
	pem, err := pemData(o.CAData, o.CAFile, os.ReadFile)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "cannot read the certificate of Argo CD").Because(err)
	}
	if len(pem) > 0 || o.CAFile != "" {
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, staging.Errorf(staging.CodeInvalid, "%s contains no PEM certificate", cmp.Or(o.CAFile, "the configuration of the argocd command"))
		}
	}
	if o.CertFile != "" || o.KeyFile != "" || len(o.CertData) > 0 {
		pair, err := o.clientCertificate()
		if err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "cannot read the client certificate for Argo CD").Because(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func (o Options) clientCertificate() (tls.Certificate, error) {
	if o.CertFile == "" && o.KeyFile == "" {
		return tls.X509KeyPair(o.CertData, o.KeyData)
	}
	return tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
}

// callMetadata adds the token and headers to every call.
type callMetadata struct{ o Options }

// GetRequestMetadata returns the token in the form of Argo CD's own client.
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

// RequireTransportSecurity returns false: plain text is an option.
func (m callMetadata) RequireTransportSecurity() bool { return false }
