package argocd

import (
	"cmp"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Options configures a Client. The package does not read the environment: the caller
// passes ARGOCD_SERVER, ARGOCD_AUTH_TOKEN and ARGOCD_OPTS.
type Options struct {
	Server    string // host, host:port or https://host/root-path
	Token     string // of Octopod's account
	TokenFile string // read for each call, so a renewed token takes effect

	PlainText bool // no TLS at all
	Insecure  bool // TLS without verification of the certificate
	CAFile    string
	CertFile  string // client certificate, with KeyFile
	KeyFile   string

	// PEM, instead of the files.
	CAData, CertData, KeyData []byte

	GRPCWeb  bool     // for a proxy without HTTP/2
	RootPath string   // path prefix of Argo CD behind a proxy; implies GRPCWeb
	Headers  []string // "Name: value", for a proxy that requires headers

	// OnCall is called after every unary call with its method, such as
	// ApplicationService/List, the gRPC code and the duration.
	OnCall func(method, code string, took time.Duration)

	Project   string // name of the project in Octopod and in Argo CD
	Namespace string // of the ApplicationSet and the Applications; default argocd
}

// WithFlags returns o with the flags of the argocd command in ARGOCD_OPTS. It keeps
// options that are set and ignores flags that do not concern the connection.
func (o Options) WithFlags(argocdOpts string) (Options, error) {
	texts := map[string]*string{
		"server": &o.Server, "auth-token": &o.Token, "server-crt": &o.CAFile,
		"client-crt": &o.CertFile, "client-crt-key": &o.KeyFile, "grpc-web-root-path": &o.RootPath,
	}
	switches := map[string]*bool{"plaintext": &o.PlainText, "insecure": &o.Insecure, "grpc-web": &o.GRPCWeb}
	words := strings.Fields(argocdOpts)
	for i := 0; i < len(words); i++ {
		name, value, joined := strings.Cut(strings.TrimLeft(words[i], "-"), "=")
		if s := switches[name]; s != nil {
			*s = *s || !joined || value == "true"
			continue
		}
		text := texts[name]
		if text == nil && name != "header" && name != "H" {
			continue
		}
		if !joined {
			if i++; i == len(words) {
				return o, staging.Errorf(staging.CodeInvalid, "ARGOCD_OPTS: --%s has no value", name)
			}
			value = words[i]
		}
		if text == nil {
			o.Headers = append(o.Headers, value)
			continue
		}
		*text = cmp.Or(*text, value)
	}
	return o, nil
}

// normalize validates the options and sets defaults.
func (o Options) normalize() (Options, error) {
	if o.Server == "" {
		return o, staging.Errorf(staging.CodeInvalid, "the Argo CD server is not set").
			WithTechnicalHint("set ARGOCD_SERVER or --argocd-server, for example argocd.example.com")
	}
	if o.Project == "" {
		return o, staging.Errorf(staging.CodeInvalid, "the project in Argo CD is not set")
	}
	if o.Token == "" && o.TokenFile == "" {
		return o, staging.Errorf(staging.CodeUnauthorized, "no token for Argo CD at %s", o.Server).
			WithTechnicalHint("create one with `argocd account generate-token --account octopod` and set ARGOCD_AUTH_TOKEN")
	}
	if isAddress(o.Server) {
		u, err := url.Parse(o.Server)
		if err != nil || u.Host == "" {
			return o, staging.Errorf(staging.CodeInvalid, "%q is not the address of an Argo CD server", o.Server)
		}
		o.Server, o.PlainText = u.Host, o.PlainText || u.Scheme == "http"
		o.RootPath = cmp.Or(o.RootPath, strings.Trim(u.Path, "/"))
	}
	if _, _, err := net.SplitHostPort(o.Server); err != nil {
		o.Server = net.JoinHostPort(strings.Trim(o.Server, "[]"), map[bool]string{false: "443", true: "80"}[o.PlainText])
	}
	o.RootPath = strings.Trim(o.RootPath, "/")
	o.GRPCWeb = o.GRPCWeb || o.RootPath != ""
	o.Namespace = cmp.Or(o.Namespace, "argocd")
	return o, nil
}

// token returns the current token.
func (o Options) token() (string, error) {
	if o.Token != "" {
		return strings.TrimSpace(o.Token), nil
	}
	data, err := os.ReadFile(o.TokenFile)
	if err != nil {
		return "", staging.Errorf(staging.CodeUnauthorized, "cannot read the token for Argo CD").Because(err).OfForeign()
	}
	return strings.TrimSpace(string(data)), nil
}

// isAddress reports whether a server is given as an address with a scheme, not as a host
// or a name.
func isAddress(server string) bool { return strings.Contains(server, "://") }
