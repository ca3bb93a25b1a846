package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// Chart is a packed Helm chart.
type Chart struct {
	Source  string // its full address
	Digest  string // of the manifest in an OCI registry, of the archive elsewhere
	Archive []byte
}

const (
	// chartLayer is the media type of a packed chart in an OCI registry.
	chartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

	ociScheme = "oci:"
	// chartTimeout limits the download of a chart.
	chartTimeout = 2 * time.Minute
)

// Chart downloads a chart: oci://registry/charts/web, with the version as a tag or separate,
// or the address of a packed chart, https://…/web-1.2.3.tgz.
func (c *Client) Chart(ctx context.Context, address, version string) (Chart, error) {
	limit, cancel := context.WithTimeout(ctx, chartTimeout)
	defer cancel()
	if rest, ok := strings.CutPrefix(address, ociScheme+"//"); ok {
		return c.ociChart(limit, rest, version)
	}
	archive, err := c.download(limit, address)
	return Chart{Source: address, Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(archive)), Archive: archive}, err
}

// ChartIn downloads a version of a chart from a repository: of an OCI registry, or with an
// index.yaml.
func (c *Client) ChartIn(ctx context.Context, repository, chart, version string) (Chart, error) {
	repository = strings.TrimSuffix(repository, "/")
	if strings.HasPrefix(repository, ociScheme) {
		return c.Chart(ctx, repository+"/"+chart, version)
	}
	limit, cancel := context.WithTimeout(ctx, chartTimeout)
	defer cancel()
	text, err := c.download(limit, repository+"/index.yaml")
	if err != nil {
		return Chart{}, err
	}
	var index struct {
		Entries map[string][]struct {
			Version string
			URLs    []string
		}
	}
	if err := yaml.Unmarshal(text, &index); err != nil {
		return Chart{}, staging.Errorf(staging.CodeUnavailable, "%s/index.yaml is no index of charts", repository).Because(err)
	}
	for _, entry := range index.Entries[chart] {
		if entry.Version == version && len(entry.URLs) > 0 {
			return c.Chart(ctx, absolute(repository, entry.URLs[0]), "")
		}
	}
	return Chart{}, staging.Errorf(staging.CodeNotFound, "%s has no version %s of chart %s", repository, version, chart)
}

// absolute returns an address of an index, which may be relative to its repository.
func absolute(repository, address string) string {
	if u, err := url.Parse(address); err == nil && u.IsAbs() {
		return address
	}
	return repository + "/" + address
}

// ociChart downloads a chart from an OCI registry.
func (c *Client) ociChart(ctx context.Context, image, version string) (Chart, error) {
	if version != "" {
		image += ":" + strings.ReplaceAll(version, "+", "_") // as Helm does: a tag has no plus
	}
	ref, err := c.parse(image)
	if err != nil {
		return Chart{}, err
	}
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithAuthFromKeychain(c.keychain), remote.WithUserAgent("octopod"), remote.WithRetryBackoff(retryBackoff),
		remote.WithTransport(guardedTransport{transports: c.transports, registry: ref.Context().RegistryStr()}),
	}
	chart := Chart{Source: ociScheme + "//" + image}
	found, err := remote.Get(ref, options...)
	if err != nil {
		return chart, c.wrapError(ctx, image, ref, err)
	}
	chart.Digest = found.Digest.String()
	layer, err := layerOf(found.Manifest)
	if err != nil {
		return chart, staging.Errorf(staging.CodeInvalid, "%s is no Helm chart", chart.Source).Because(err)
	}
	if chart.Archive, err = readLayer(ref.Context().Digest(layer), options); err != nil {
		return chart, c.wrapError(ctx, image, ref, err)
	}
	return chart, nil
}

// layerOf returns the digest of the packed chart in a manifest.
func layerOf(text []byte) (string, error) {
	manifest, err := v1.ParseManifest(strings.NewReader(string(text)))
	if err != nil {
		return "", err
	}
	for _, layer := range manifest.Layers {
		if layer.MediaType == chartLayer {
			return layer.Digest.String(), nil
		}
	}
	return "", fmt.Errorf("the manifest has no layer of type %s", chartLayer)
}

// readLayer downloads a layer; the library compares the digest.
func readLayer(ref name.Digest, options []remote.Option) ([]byte, error) {
	layer, err := remote.Layer(ref, options...)
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(content)
}

// download reads a file from a web server, with the credentials that docker or podman store
// for its host.
func (c *Client) download(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, staging.Errorf(staging.CodeInvalid, "%q is no address of a chart", address).
			WithHint("write oci://registry.example.com/charts/web, or https://example.com/web-1.2.3.tgz")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	c.signIn(request)
	client := http.Client{Transport: guardedTransport{transports: c.transports, registry: u.Host}}
	answer, err := client.Do(request)
	if err != nil {
		return nil, staging.Errorf(staging.CodeUnavailable, "cannot download %s", u.Redacted()).Because(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		code := staging.CodeUnavailable
		if answer.StatusCode == http.StatusNotFound {
			code = staging.CodeNotFound
		}
		return nil, staging.Errorf(code, "cannot download %s: %s", u.Redacted(), answer.Status)
	}
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, staging.Errorf(staging.CodeUnavailable, "cannot download %s", u.Redacted()).Because(err)
	}
	return data, nil
}

// signIn adds the stored credentials of a host to a request.
func (c *Client) signIn(request *http.Request) {
	host, err := name.NewRegistry(request.URL.Host, name.Insecure)
	if err != nil {
		return
	}
	found, err := c.keychain.Resolve(host)
	if err != nil || found == authn.Anonymous {
		return
	}
	if stored, err := found.Authorization(); err == nil && cmp.Or(stored.Username, stored.Password) != "" {
		request.SetBasicAuth(stored.Username, stored.Password)
	}
}
