package argocd

import (
	"context"
	"errors"
	"slices"
	"strings"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"octopod/generator/staging"
)

// Probe returns an error if Argo CD cannot reach the cluster of an Application. Argo CD
// compares with a copy of the cluster, so its reports stay as they were; only a request for
// an object reaches the cluster. Probe asks for the Namespace, which every staging has. No
// answer before the deadline of ctx is an error: Argo CD itself tries for a while.
func (c *Client) Probe(ctx context.Context, app staging.Application) error {
	i := slices.IndexFunc(app.Resources, func(r staging.Resource) bool { return r.Kind == "Namespace" })
	if i < 0 {
		return nil
	}
	if _, err := c.tree(ctx, app.Name); err != nil {
		return nil // without its redis, Argo CD knows nothing of the cluster
	}
	version := "v1"
	_, err := c.applications.GetResource(ctx, &applicationpkg.ApplicationResourceRequest{
		Name: &app.Name, AppNamespace: &c.options.Namespace, Project: &c.options.Project,
		ResourceName: &app.Resources[i].Name, Version: &version, Kind: &app.Resources[i].Kind,
	})
	if err == nil || errors.Is(ctx.Err(), context.Canceled) || !aboutCluster(err) {
		return nil
	}
	return c.newError(staging.CodeUnavailable, "asking the cluster of Application "+app.Name, "it does not answer", err)
}

// aboutCluster reports whether the error of a request for an object is that of its cluster.
// Argo CD passes the errors of Kubernetes on: one with a code of its own is an answer.
func aboutCluster(err error) bool {
	switch status.Code(err) {
	case codes.Unknown, codes.Internal, codes.DeadlineExceeded:
		return !strings.Contains(err.Error(), "not found")
	}
	return false
}
