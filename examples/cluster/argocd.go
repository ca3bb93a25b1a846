package cluster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Account is Octopod's account in Argo CD.
const Account = "octopod"

// policy allows Octopod's account the least it needs: to read and refresh the
// Applications of its projects, and to write their ApplicationSet.
func (c *Cluster) policy() string {
	var text strings.Builder
	for _, project := range c.Projects {
		for _, right := range []string{"applications, get", "applicationsets, get", "applicationsets, create", "applicationsets, update"} {
			fmt.Fprintf(&text, "p, %s, %s, %s/*, allow\n", Account, right, project)
		}
	}
	return text.String()
}

// applySettings writes the ConfigMaps that Argo CD requires, and its default
// project.
func (c *Cluster) applySettings(ctx context.Context) error {
	settings := map[string]object{
		"argocd-cm": {
			"accounts." + Account:                "apiKey",
			"application.resourceTrackingMethod": "annotation",
			"timeout.reconciliation":             "1800s",
			"timeout.reconciliation.jitter":      "0s",
		},
		"argocd-rbac-cm":            {"policy.csv": c.policy()},
		"argocd-cmd-params-cm":      {},
		"argocd-ssh-known-hosts-cm": {},
		"argocd-tls-certs-cm":       {},
		"argocd-gpg-keys-cm":        {},
	}
	for name, data := range settings {
		if err := c.apply(ctx, "/api/v1/namespaces/argocd/configmaps/"+name, object{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": argocdMetadata(name), "data": data,
		}); err != nil {
			return err
		}
	}
	if err := c.apply(ctx, "/api/v1/namespaces/argocd/secrets/argocd-secret", object{
		"apiVersion": "v1", "kind": "Secret", "metadata": argocdMetadata("argocd-secret"),
	}); err != nil {
		return err
	}
	return c.apply(ctx, "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default", object{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": object{"name": "default", "namespace": "argocd"},
		"spec": object{
			"sourceRepos":              []string{"*"},
			"destinations":             []object{{"server": "*", "namespace": "*"}},
			"clusterResourceWhitelist": []object{{"group": "*", "kind": "*"}},
		},
	})
}

func argocdMetadata(name string) object {
	return object{"name": name, "namespace": "argocd", "labels": object{"app.kubernetes.io/part-of": "argocd"}}
}

// argoBin returns the folder of Argo CD's programs.
func (c *Cluster) argoBin() string { return filepath.Join(c.Bin, c.Argo.folder()) }

// binPath returns the folders of all programs, for PATH.
func (c *Cluster) binPath() string {
	if c.argoBin() == c.Bin {
		return c.Bin
	}
	return c.argoBin() + string(os.PathListSeparator) + c.Bin
}

// ApplicationSetHook returns the address where the ApplicationSet controller of Argo CD
// accepts the webhooks of a forge.
func (c *Cluster) ApplicationSetHook() string {
	return "http://" + c.address(portSetWebhook) + "/api/webhook"
}

// ArgoCD returns the address of Argo CD's API, which has no TLS.
func (c *Cluster) ArgoCD() string { return c.address(portArgo) }

// ArgoAPI sends a request to Argo CD's REST API, with body as JSON. An empty
// token sends none.
func (c *Cluster) ArgoAPI(ctx context.Context, token, method, path string, body any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.ArgoCD()+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return send(c.client, request)
}

// makeTokens signs in as Argo CD's admin and creates a token for Octopod.
func (c *Cluster) makeTokens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return c.await(ctx, Server, func(ctx context.Context) (err error) {
		if c.AdminToken, err = c.signIn(ctx); err != nil {
			return err
		}
		c.Token, err = c.NewToken(ctx, 0)
		return err
	})
}

func (c *Cluster) signIn(ctx context.Context) (string, error) {
	password, err := c.adminPassword(ctx)
	if err != nil {
		return "", err
	}
	return tokenIn(c.ArgoAPI(ctx, "", http.MethodPost, "/api/v1/session", object{"username": "admin", "password": password}))
}

// adminPassword returns the password that Argo CD generated at its first start.
func (c *Cluster) adminPassword(ctx context.Context) (string, error) {
	data, err := c.API(ctx, http.MethodGet, "/api/v1/namespaces/argocd/secrets/argocd-initial-admin-secret", nil)
	if err != nil {
		return "", err
	}
	var secret struct{ Data map[string]string }
	if err := json.Unmarshal(data, &secret); err != nil {
		return "", err
	}
	password, err := base64.StdEncoding.DecodeString(secret.Data["password"])
	return string(password), err
}

// NewToken creates another token for Octopod's account. It expires after the
// given number of seconds; 0 means never.
func (c *Cluster) NewToken(ctx context.Context, seconds int) (string, error) {
	return tokenIn(c.ArgoAPI(ctx, c.AdminToken, http.MethodPost, "/api/v1/account/"+Account+"/token",
		object{"expiresIn": seconds}))
}

func tokenIn(data []byte, err error) (string, error) {
	if err != nil {
		return "", err
	}
	var answer struct{ Token string }
	if err := json.Unmarshal(data, &answer); err != nil {
		return "", err
	}
	return answer.Token, cmp.Or(err, noToken(answer.Token))
}

func noToken(token string) error {
	if token == "" {
		return fmt.Errorf("no token came from Argo CD")
	}
	return nil
}

// Env returns the environment variables with which kubectl, argocd and octopod
// use the cluster.
func (c *Cluster) Env() []string {
	env := []string{
		"KUBECONFIG=" + c.Kubeconfig(),
		"ARGOCD_SERVER=" + c.ArgoCD(),
		"ARGOCD_AUTH_TOKEN=" + c.Token,
		"ARGOCD_OPTS=--plaintext",
	}
	if c.Forge {
		env = append(env, "GITEA_URL="+c.GiteaURL(), "GITEA_TOKEN="+c.GiteaToken)
	}
	return env
}

// EnvFile returns the path of a shell file with Env: `. EnvFile`. It also adds
// the argocd program to the PATH.
func (c *Cluster) EnvFile() string { return c.path("env") }

func (c *Cluster) writeEnv() error {
	var text strings.Builder
	for _, entry := range c.Env() {
		name, value, _ := strings.Cut(entry, "=")
		fmt.Fprintf(&text, "export %s='%s'\n", name, value)
	}
	fmt.Fprintf(&text, "export PATH='%s':\"$PATH\"\n", c.binPath())
	return os.WriteFile(c.EnvFile(), []byte(text.String()), 0o600)
}
