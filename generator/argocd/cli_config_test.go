package argocd_test

import (
	"encoding/base64"
	"testing"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// The connection of `argocd login` is the one of its current context.
func TestConnectionOfTheArgoCDCommand(t *testing.T) {
	file := `contexts:
- {name: other, server: other.example.com, user: other}
- {name: staging, server: argocd.example.com:8443, user: grace}
- {name: local, server: kubernetes, user: kubernetes}
current-context: staging
servers:
- {server: other.example.com}
- {server: "argocd.example.com:8443", grpc-web: true, grpc-web-root-path: argo, insecure: true, certificate-authority-data: ` + base64.StdEncoding.EncodeToString([]byte("PEM")) + `}
- {server: kubernetes, core: true}
users:
- {name: grace, auth-token: hers}
`
	o, found, err := argocd.Options{}.WithCLIConfig([]byte(file))
	if err != nil || !found || o.Server != "argocd.example.com:8443" || o.Token != "hers" || !o.GRPCWeb || o.RootPath != "argo" || !o.Insecure || string(o.CAData) != "PEM" {
		t.Errorf("got %+v, %v, %v", o, found, err)
	}
	if o, _, _ := (argocd.Options{Token: "own"}).WithCLIConfig([]byte(file)); o.Token != "own" {
		t.Error("a token of one's own is replaced")
	}
	for name, text := range map[string]string{"empty": "", "of nobody": "current-context: none", "without a server": "contexts: [{name: l, server: k}]\ncurrent-context: l\nservers: [{server: k, core: true}]"} {
		if _, found, err := (argocd.Options{}).WithCLIConfig([]byte(text)); found || err != nil {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	if _, _, err := (argocd.Options{}).WithCLIConfig([]byte("- broken")); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("broken: %v", err)
	}
}
