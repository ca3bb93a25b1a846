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

// Options say how registries are asked.
type Options struct {
	// UserCredentials sends those that docker and podman keep for this user.
	// Otherwise registries are asked as by a stranger.
	UserCredentials bool
	// PlainHTTP also asks registries that answer without TLS. Those on this
	// machine may do so anyway.
	PlainHTTP bool
	// Timeout bounds one question, with its sign-in and retries. Default 15s.
	Timeout time.Duration
}

// Client asks the registries that it is given images of: which may be asked is
// decided by whoever uses it. It is safe for use by many goroutines.
type Client struct {
	options    Options
	keychain   authn.Keychain
	transports *transports

	mu    sync.Mutex
	known *bounded.Map[string, struct{}] // references by digest that were there
}

// New gives a client. It contacts nobody yet.
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

// Digest gives what an image reference stands for now: "sha256:" and 64 hex
// digits, computed from the manifest itself and not believed from a header. Of
// an image for several platforms it is that of the index.
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
		return nil, staging.Errorf(staging.CodeInvalid, "%q is no image reference", image).Because(err)
	}
	return ref, nil
}

// retryBackoff are few and fast: whoever waits for an image asks again anyway.
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

// errNoManifest is what a proxy's sign-in page, or a registry out of order, comes to.
var errNoManifest = errors.New("the answer is no image manifest")

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

// maxKnown bounds what is remembered.
const maxKnown = 10_000

// isKnown tells of a reference by digest alone: a tag may stand for something
// else tomorrow, and what is missing may come.
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
