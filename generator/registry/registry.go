package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"octopod/generator/bounded"
	"octopod/generator/staging"
)

// Options configures a Client.
type Options struct {
	// UserCredentials uses the credentials that docker and podman store for this user.
	// Without it, requests are anonymous.
	UserCredentials bool
	// PlainHTTP allows registries without TLS. Registries on this machine need no TLS
	// in any case.
	PlainHTTP bool
	// Timeout limits a request with its sign-in and retries. Default 15s.
	Timeout time.Duration
}

// Client queries the registry of any image it is given: the caller decides which
// registries are allowed. It is safe for concurrent use.
type Client struct {
	options    Options
	keychain   authn.Keychain
	transports *transports

	mu    sync.Mutex
	known *bounded.Map[string, struct{}] // existing references by digest
}

// New returns a client. It does not connect.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	c := &Client{options: o, keychain: authn.NewMultiKeychain(), transports: newTransports(o.PlainHTTP), known: bounded.NewMap[string, struct{}](maxKnown)}
	if o.UserCredentials {
		c.keychain = authn.DefaultKeychain
	}
	return c
}

// Digest returns the current digest of an image reference: "sha256:" and 64 hex digits.
// It computes the digest from the manifest and ignores the header of the response. For
// an image with several platforms it returns the digest of the index.
func (c *Client) Digest(ctx context.Context, image string) (string, error) {
	ref, err := c.parse(image)
	if err != nil {
		return "", err
	}
	_, byDigest := ref.(name.Digest)
	if byDigest && c.isKnown(image) {
		return ref.Identifier(), nil
	}
	limit, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	digest, err := c.fetchDigest(limit, ref)
	if err != nil {
		return "", c.wrapError(ctx, image, ref, err)
	}
	if byDigest {
		c.remember(image)
	}
	return digest, nil
}

func (c *Client) parse(image string) (name.Reference, error) {
	var options []name.Option
	if c.options.PlainHTTP {
		options = append(options, name.Insecure)
	}
	ref, err := name.ParseReference(image, options...)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%q is not an image reference", image).Because(err)
	}
	return ref, nil
}

// retryBackoff allows few and fast retries: a caller that waits for an image repeats the call.
var retryBackoff = remote.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Steps: 2}

func (c *Client) fetchDigest(ctx context.Context, ref name.Reference) (string, error) {
	transport := guardedTransport{transports: c.transports, registry: ref.Context().RegistryStr()}
	found, err := remote.Get(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(c.keychain),
		remote.WithTransport(transport), remote.WithUserAgent("octopod"), remote.WithRetryBackoff(retryBackoff))
	if err != nil {
		return "", err
	}
	return found.Digest.String(), checkManifest(found)
}

// errNoManifest is the error for the sign-in page of a proxy, or a broken registry.
var errNoManifest = errors.New("the response is not an image manifest")

func checkManifest(found *remote.Descriptor) error {
	switch {
	case found.MediaType.IsIndex():
		if index, err := v1.ParseIndexManifest(bytes.NewReader(found.Manifest)); err != nil || len(index.Manifests) == 0 {
			return fmt.Errorf("%w (%s without content)", errNoManifest, found.MediaType)
		}
	case found.MediaType.IsImage():
		if image, err := v1.ParseManifest(bytes.NewReader(found.Manifest)); err != nil || image.Config.Digest == (v1.Hash{}) {
			return fmt.Errorf("%w (%s without content)", errNoManifest, found.MediaType)
		}
	default:
		return fmt.Errorf("%w but %q", errNoManifest, truncate(string(found.MediaType)))
	}
	return nil
}

// maxKnown limits the number of known references.
const maxKnown = 10_000

// isKnown reports whether a reference by digest exists. Tags are not kept, because a tag
// may move, nor are missing images, because they may be pushed later.
func (c *Client) isKnown(image string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known.Has(image)
}

func (c *Client) remember(image string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known.Put(image, struct{}{})
}
