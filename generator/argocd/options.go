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

// Options say how Argo CD is reached. This package never reads the
// environment: ARGOCD_SERVER, ARGOCD_AUTH_TOKEN and ARGOCD_OPTS come in here.
type Options struct {
	Server    string // host, host:port or https://host/root-path
	Token     string // of Octopod's account
	TokenFile string // read anew for each call, so that a renewed token counts

	PlainText bool // no TLS at all
	Insecure  bool // TLS, but any certificate will do
	CAFile    string
	CertFile  string // client certificate, with KeyFile
	KeyFile   string

	GRPCWeb  bool     // for a proxy that does not let HTTP/2 through
	RootPath string   // path before Argo CD's own behind a proxy; means GRPCWeb
	Headers  []string // "Name: value", for a proxy that wants its own

	// OnCall hears of every call: ApplicationService/List, how long it took, and the
	// code of gRPC. Streams are not calls.
	OnCall func(method, code string, took time.Duration)

	Project   string // of Octopod and of Argo CD
	Namespace string // of Argo CD; default argocd
}

// WithFlags adds what ARGOCD_OPTS says, in the words of argocd's own flags.
// What is set already stays; flags that are not about connecting are left out.
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

// normalize checks the options and fills in what follows from others.
func (o Options) normalize() (Options, error) {
	if o.Server == "" {
		return o, staging.Errorf(staging.CodeInvalid, "no Argo CD server is given").
			WithHint("set ARGOCD_SERVER or --argocd-server, for example argocd.example.com")
	}
	if o.Project == "" {
		return o, staging.Errorf(staging.CodeInvalid, "no project is given for Argo CD")
	}
	if o.Token == "" && o.TokenFile == "" {
		return o, staging.Errorf(staging.CodeUnauthorized, "no token for Argo CD at %s", o.Server).
			WithHint("make one with `argocd account generate-token --account octopod` and set ARGOCD_AUTH_TOKEN")
	}
	if strings.Contains(o.Server, "://") {
		u, err := url.Parse(o.Server)
		if err != nil || u.Host == "" {
			return o, staging.Errorf(staging.CodeInvalid, "%q is no address of an Argo CD server", o.Server)
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

// token gives the token of now.
func (o Options) token() (string, error) {
	if o.Token != "" {
		return strings.TrimSpace(o.Token), nil
	}
	data, err := os.ReadFile(o.TokenFile)
	if err != nil {
		return "", staging.Errorf(staging.CodeUnauthorized, "the token for Argo CD cannot be read").Because(err)
	}
	return strings.TrimSpace(string(data)), nil
}
