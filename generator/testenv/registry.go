package testenv

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Registry is a real image registry on this machine.
type Registry struct {
	Host  string // an image is Host/name:tag
	asked atomic.Int64
	all   atomic.Int64
}

// ServeRegistry starts a registry that stops with the test. An image with the tag late
// appears after the first query for it.
func ServeRegistry(t testing.TB) *Registry {
	t.Helper()
	r := &Registry{}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	var late sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.all.Add(1)
		images.ServeHTTP(w, q)
		repository, tag, found := strings.Cut(q.URL.Path, "/manifests/")
		if q.Method != http.MethodGet || !found {
			return
		}
		r.asked.Add(1)
		if tag == "late" {
			late.Do(func() {
				if _, err := Push(r.Host + strings.TrimPrefix(repository, "/v2") + ":late"); err != nil {
					t.Error(err)
				}
			})
		}
	}))
	t.Cleanup(server.Close)
	r.Host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// Queries returns the number of queries for an image so far.
func (r *Registry) Queries() int { return int(r.asked.Load()) }

// Requests returns the number of all requests so far.
func (r *Registry) Requests() int { return int(r.all.Load()) }

// PushChart pushes a packed Helm chart to a registry, as `helm push` does, and returns its
// digest.
func PushChart(reference string, archive []byte) (digest string, err error) {
	layer := static.NewLayer(archive, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
	chart, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), "application/vnd.cncf.helm.config.v1+json"), layer)
	if err != nil {
		return "", err
	}
	ref, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	if err := remote.Write(ref, chart); err != nil {
		return "", err
	}
	hash, err := chart.Digest()
	return hash.String(), err
}

// Push pushes an image of random content to a registry and returns its digest.
func Push(image string) (digest string, err error) {
	content, err := random.Image(64, 1)
	if err != nil {
		return "", err
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", err
	}
	if err := remote.Write(ref, content); err != nil {
		return "", err
	}
	hash, err := content.Digest()
	return hash.String(), err
}
