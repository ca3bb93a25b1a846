package argocd_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// secured puts the fake behind a self-signed certificate, and returns the address and
// a file with the certificate.
func secured(t *testing.T, f *fakeArgo) (address, caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.ParseIP("127.0.0.1")},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)))
	applicationpkg.RegisterApplicationServiceServer(server, f)
	accountpkg.RegisterAccountServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String(), caFile
}

func TestTLS(t *testing.T) {
	f := newFake(t)
	f.put("login", same)
	address, caFile := secured(t, f)
	for name, tt := range map[string]struct {
		change func(*argocd.Options)
		code   staging.Code
	}{
		"unknown certificate": {func(*argocd.Options) {}, staging.CodeUnavailable},
		"plain text":          {func(o *argocd.Options) { o.PlainText = true }, staging.CodeUnavailable},
		"known certificate":   {func(o *argocd.Options) { o.CAFile = caFile }, ""},
		"any certificate":     {func(o *argocd.Options) { o.Insecure = true }, ""},
		"https address":       {func(o *argocd.Options) { o.Server, o.Insecure = "https://"+o.Server, true }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := f.client(t, func(o *argocd.Options) {
				o.Server, o.PlainText = address, false
				tt.change(o)
			})
			_, err := c.Applications(context.Background())
			if err == nil && tt.code != "" || err != nil && staging.CodeOf(err) != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
		})
	}
}
