// Package kubernetes lets a Job read and write one Secret of its own namespace, with its
// ServiceAccount. Octopod uses the Kubernetes API for nothing else.
package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"octopod/generator/database"
)

// AccountFolder is where a pod finds its ServiceAccount.
const AccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

// maxAnswer limits how much of an answer the client reads.
const maxAnswer = 1 << 20

// Secret is a Secret with the credentials of a staging's database.
type Secret struct {
	api       string // URL of the Secrets of the namespace
	name      string
	namespace string
	account   string // folder of the ServiceAccount
	client    *http.Client
}

// secret is the part of the Kubernetes object that Octopod uses.
type secret struct {
	APIVersion string            `json:"apiVersion,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Metadata   metadata          `json:"metadata,omitzero"`
	Data       map[string][]byte `json:"data"`
}

type metadata struct {
	Name   string            `json:"name,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// InPod returns a Secret of the pod's namespace. host and port are the address of the API
// in the pod's environment.
func InPod(host, port, account, name string) (*Secret, error) {
	if host == "" {
		return nil, database.Faultf(database.Usage, "there is no KUBERNETES_SERVICE_HOST: run in a pod, or with --secret ''")
	}
	namespace, err := os.ReadFile(filepath.Join(account, "namespace"))
	if err != nil {
		return nil, database.Faultf(database.Denied, "reading the ServiceAccount of the pod: %w", err)
	}
	authority, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return nil, database.Faultf(database.Denied, "reading the ServiceAccount of the pod: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, database.Faultf(database.Denied, "%s/ca.crt holds no certificate", account)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	s := &Secret{name: name, namespace: strings.TrimSpace(string(namespace)), account: account}
	s.api = fmt.Sprintf("https://%s/api/v1/namespaces/%s/secrets", net.JoinHostPort(host, port), s.namespace)
	s.client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return s, nil
}

// Password returns the password in the Secret, "" if there is none.
func (s *Secret) Password(ctx context.Context) (string, error) {
	data, _, err := s.read(ctx)
	return string(data[database.PasswordKey]), err
}

// Keep writes the login to the Secret, and keeps its other keys.
func (s *Secret) Keep(ctx context.Context, login database.Login) error {
	now, there, err := s.read(ctx)
	if err != nil {
		return err
	}
	wanted := maps.Clone(now)
	if wanted == nil {
		wanted = map[string][]byte{}
	}
	for key, value := range login.Variables() {
		wanted[key] = []byte(value)
	}
	if maps.EqualFunc(now, wanted, bytes.Equal) {
		return nil
	}
	if there {
		_, _, err = s.call(ctx, http.MethodPatch, "/"+s.name, secret{Data: wanted})
		return err
	}
	labels := map[string]string{"app.kubernetes.io/managed-by": "octopod"}
	_, _, err = s.call(ctx, http.MethodPost, "", secret{"v1", "Secret", metadata{s.name, labels}, wanted})
	return err
}

func (s *Secret) read(ctx context.Context) (data map[string][]byte, there bool, err error) {
	status, body, err := s.call(ctx, http.MethodGet, "/"+s.name, nil)
	if err != nil || status == http.StatusNotFound {
		return nil, false, err
	}
	var read secret
	if err := json.Unmarshal(body, &read); err != nil {
		return nil, false, database.Faultf(database.Unreachable, "reading the Secret %s: %w", s.name, err)
	}
	return read.Data, true, nil
}

// call makes one request. Only a GET may find nothing.
func (s *Secret) call(ctx context.Context, method, path string, object any) (status int, answer []byte, err error) {
	request, err := s.request(ctx, method, path, object)
	if err != nil {
		return 0, nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, database.Faultf(database.Unreachable, "the Kubernetes API does not answer: %w", err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, nil, database.Faultf(database.Unreachable, "the Kubernetes API does not answer: %w", err)
	}
	return response.StatusCode, answer, s.refusal(method, response.StatusCode, answer)
}

func (s *Secret) request(ctx context.Context, method, path string, object any) (*http.Request, error) {
	// The kubelet renews the token while the pod runs.
	token, err := os.ReadFile(filepath.Join(s.account, "token"))
	if err != nil {
		return nil, database.Faultf(database.Denied, "reading the ServiceAccount of the pod: %w", err)
	}
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	if object == nil {
		text = nil
	}
	request, err := http.NewRequestWithContext(ctx, method, s.api+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", contentTypes[method])
	return request, nil
}

var contentTypes = map[string]string{http.MethodPatch: "application/merge-patch+json", http.MethodPost: "application/json"}

// refusal returns an answer as a Fault, nil for a success.
func (s *Secret) refusal(method string, status int, answer []byte) error {
	var reply struct{ Message string }
	_ = json.Unmarshal(answer, &reply) // a proxy may answer with a page
	switch {
	case status < 300, status == http.StatusNotFound && method == http.MethodGet:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return database.Faultf(database.Denied, "the ServiceAccount may not %s the Secret %s: %s", method, s.name, reply.Message)
	case status >= 500, status == http.StatusTooManyRequests:
		return database.Faultf(database.Unreachable, "the Kubernetes API answers %d: %s", status, reply.Message)
	}
	return database.Faultf(database.Failed, "the Kubernetes API refuses the Secret %s with %d: %s", s.name, status, reply.Message)
}
