package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"octopod/generator/staging"
)

// wrapError converts an error of a registry into a staging.Error. ctx is the context of
// the caller, without the timeout of the request.
func (c *Client) wrapError(ctx context.Context, image string, ref name.Reference, err error) error {
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	registry := ref.Context().RegistryStr()
	unavailable := func(why string) *staging.Error {
		return staging.Errorf(staging.CodeUnavailable, "cannot query registry %s for %s: %s", registry, image, why)
	}
	var answer *transport.Error
	switch {
	case errors.Is(err, errPlainHTTP):
		return unavailable(errPlainHTTP.Error()).WithTechnicalHint("use --allow-plain-http if you trust the network")
	case errors.Is(err, errBlocked):
		return staging.Errorf(staging.CodeForbidden, "registry %s refers to a blocked address for %s", registry, image).OfForeign().
			WithHint("Octopod connects to no link-local address, and from a remote registry not to this machine; check the address of the registry and of its token server")
	case errors.Is(err, context.DeadlineExceeded):
		return unavailable("no response within " + c.options.Timeout.String())
	case errors.As(err, &answer):
		return statusError(image, registry, answer)
	}
	first, _, _ := strings.Cut(err.Error(), "\n") // the following lines are the response of a token server
	return unavailable(truncate(strings.TrimSuffix(first, ":")))
}

// statusError converts the error response of a registry. Many return 401 or 403 for an
// image that does not exist.
func statusError(image, registry string, answer *transport.Error) error {
	switch answer.StatusCode {
	case http.StatusNotFound:
		return staging.Errorf(staging.CodeNotFound, "registry %s has no image %s", registry, image)
	case http.StatusUnauthorized:
		return staging.Errorf(staging.CodeUnauthorized, "registry %s requires a sign-in for %s", registry, image).OfForeign().
			Because(registryMessage(answer)).WithHint("run `docker login %s`, or set DOCKER_CONFIG to the directory of a config.json with the credentials; "+
			"some registries return this if the repository does not exist", registry)
	case http.StatusForbidden:
		return staging.Errorf(staging.CodeForbidden, "registry %s denies Octopod access to %s", registry, image).OfForeign().
			Because(registryMessage(answer)).WithHint("allow the account to pull; some registries return this if the repository does not exist")
	case http.StatusTooManyRequests:
		return staging.Errorf(staging.CodeUnavailable, "registry %s returned too many requests for %s", registry, image).
			Because(registryMessage(answer)).WithHint("try again later, or sign in for a higher limit")
	}
	return staging.Errorf(staging.CodeUnavailable, "cannot query registry %s for %s", registry, image).Because(registryMessage(answer))
}

// registryMessage returns the messages in the error response of a registry. It omits
// other content: a user who names an image must not be able to read pages in the
// network of the server.
func registryMessage(answer *transport.Error) error {
	var words []string
	for _, e := range answer.Errors {
		words = append(words, string(e.Code)+": "+e.Message)
	}
	if len(words) == 0 {
		return fmt.Errorf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return errors.New(truncate(strings.Join(words, "; ")))
}

// truncate shortens text of a registry to one line.
func truncate(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
