package argocd

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"octopod/generator/staging"
)

// wrapError converts an error of Argo CD into a staging.Error. doing describes the call
// in the -ing form.
func (c *Client) wrapError(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	var own *staging.Error
	if errors.As(err, &own) {
		return err
	}
	if cause := ctx.Err(); errors.Is(cause, context.Canceled) {
		return cause
	}
	switch status.Code(err) {
	case codes.Unauthenticated:
		return c.newError(staging.CodeUnauthorized, doing, "it does not accept the token", err).
			WithTechnicalHint("the token has expired or was revoked: `argocd account generate-token --account octopod`")
	case codes.PermissionDenied:
		return c.newError(staging.CodeForbidden, doing, "the account of the token lacks the permission", err).
			WithHint("Octopod's account needs this in ConfigMap argocd-rbac-cm, under policy.csv:\n%s", Policy(c.options.Project))
	case codes.NotFound:
		return c.newError(staging.CodeNotFound, doing, "not found", err)
	case codes.DeadlineExceeded:
		return c.newError(staging.CodeTimeout, doing, "no response in time", err)
	case codes.Unavailable:
		return c.newError(staging.CodeUnavailable, doing, "cannot connect", err).
			WithTechnicalHint("check the address; a server without TLS needs --argocd-plaintext, a self-signed certificate " +
				"--argocd-insecure or --server-crt in ARGOCD_OPTS, a proxy without HTTP/2 --argocd-grpc-web")
	}
	return c.newError(staging.CodeInternal, doing, "the server returned an error", err)
}

func (c *Client) newError(code staging.Code, doing, why string, err error) *staging.Error {
	text := status.Convert(err).Message()
	return staging.Errorf(code, "%s: Argo CD at %s: %s", doing, c.options.Server, why).Because(errors.New(text)).OfForeign()
}
