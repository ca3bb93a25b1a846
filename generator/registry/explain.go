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

// explain turns what a registry answered into an error of Octopod. ctx is that
// of whoever asked, without the time limit of the question.
func (c *Client) wrapError(ctx context.Context, image string, ref name.Reference, err error) error {
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	registry := ref.Context().RegistryStr()
	unavailable := func(why string) *staging.Error {
		return staging.Errorf(staging.CodeUnavailable, "registry %s cannot be asked for %s: %s", registry, image, why)
	}
	var answer *transport.Error
	switch {
	case errors.Is(err, errPlainHTTP):
		return unavailable(errPlainHTTP.Error()).WithHint("--allow-plain-http asks it all the same, if you trust every machine on the way")
	case errors.Is(err, errBlocked):
		return staging.Errorf(staging.CodeForbidden, "registry %s leads Octopod to where it does not go for %s", registry, image).
			WithHint("link-local addresses and, for a registry elsewhere, this machine are closed; see where its name leads, and its sign-in")
	case errors.Is(err, context.DeadlineExceeded):
		return unavailable("no answer within " + c.options.Timeout.String())
	case errors.As(err, &answer):
		return statusError(image, registry, answer)
	}
	first, _, _ := strings.Cut(err.Error(), "\n") // what follows is what a sign-in answered
	return unavailable(truncate(strings.TrimSuffix(first, ":")))
}

// refused reads the answer of a registry that did not give the image. Many say
// 401 or 403 of what is not there, so that strangers learn nothing.
func statusError(image, registry string, answer *transport.Error) error {
	switch answer.StatusCode {
	case http.StatusNotFound:
		return staging.Errorf(staging.CodeNotFound, "registry %s has no image %s", registry, image)
	case http.StatusUnauthorized:
		return staging.Errorf(staging.CodeUnauthorized, "registry %s wants to know who asks for %s", registry, image).
			Because(registryMessage(answer)).WithHint("`docker login %s`, or DOCKER_CONFIG names the folder of a config.json that has it; "+
			"some registries answer so when the repository does not exist", registry)
	case http.StatusForbidden:
		return staging.Errorf(staging.CodeForbidden, "registry %s does not let Octopod read %s", registry, image).
			Because(registryMessage(answer)).WithHint("the account may be allowed to pull; some registries answer so when the repository does not exist")
	case http.StatusTooManyRequests:
		return staging.Errorf(staging.CodeUnavailable, "registry %s was asked too often, lastly for %s", registry, image).
			Because(registryMessage(answer)).WithHint("ask again later; signed-in accounts are allowed more")
	}
	return staging.Errorf(staging.CodeUnavailable, "registry %s cannot be asked for %s", registry, image).Because(registryMessage(answer))
}

// said are the words of a registry that answers as registries do. Pages are not
// repeated: whoever may name an image must not read with it what else answers in
// the network of a server.
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

// cut makes foreign words fit a line: a registry may answer with a page.
func truncate(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
