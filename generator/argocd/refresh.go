package argocd

import (
	"context"
	"strings"
	"time"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	applicationsetpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/applicationset"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// refreshAnnotation makes the ApplicationSet controller read git immediately. Argo CD's
// own webhook sets the same annotation, and the controller removes it. Each request
// needs a new value: while the controller still handles a request, an equal value
// would be no change, and the second request would be lost.
const refreshAnnotation = "argocd.argoproj.io/application-set-refresh"

// Refresh makes Argo CD compare an Application with git and returns the result. hard
// also discards Argo CD's manifest cache. The request takes effect even if ctx ends
// before the response.
func (c *Client) Refresh(ctx context.Context, name string, hard bool) (staging.Application, error) {
	kind := string(v1alpha1.RefreshTypeNormal)
	if hard {
		kind = string(v1alpha1.RefreshTypeHard)
	}
	query := c.byName(name)
	query.Refresh = &kind
	app, err := c.applications.Get(ctx, query)
	if err != nil {
		return staging.Application{}, c.wrapError(ctx, "refreshing Application "+name, err)
	}
	return application(app), nil
}

// foreignUpsert is in the error of an Argo CD 2 that looks for an existing ApplicationSet in
// its own namespace alone.
const foreignUpsert = "unable to check existing ApplicationSet details"

// UpsertApplicationSet creates or updates the ApplicationSet of the project, and
// refreshes it for new and removed stagings. It keeps the additions of others. The
// controller may drop a request that arrives while it completes an earlier one: if the
// Application does not appear within seconds, the caller must call again. fault is why
// the last reconciliation of the ApplicationSet failed; "" if it did not.
func (c *Client) UpsertApplicationSet(ctx context.Context, p *project.Project) (fault string, err error) {
	set, _, err := c.mergedApplicationSet(ctx, p)
	if err != nil {
		return "", err
	}
	set.Annotations = map[string]string{refreshAnnotation: time.Now().UTC().Format(time.RFC3339Nano)}
	answer, err := c.sets.Create(ctx, &applicationsetpkg.ApplicationSetCreateRequest{Applicationset: set, Upsert: true})
	if err != nil && p.ApplicationNamespace() != p.Spec.ArgoCD.Namespace && strings.Contains(err.Error(), foreignUpsert) {
		return "", c.newError(staging.CodeUnavailable, "refreshing the ApplicationSet "+set.Name, "before version 3, only in its own namespace", err).
			WithHint("new stagings come in minutes; at once with a webhook of the env repo's forge to Argo CD's ApplicationSet controller, or with Argo CD 3")
	}
	if err != nil {
		return "", c.wrapError(ctx, "writing the ApplicationSet "+set.Name, err)
	}
	return faultOf(answer), nil
}

// ApplicationSetFault returns why the last reconciliation of the ApplicationSet failed; ""
// if it did not.
func (c *Client) ApplicationSetFault(ctx context.Context, p *project.Project) (string, error) {
	set, err := c.sets.Get(ctx, &applicationsetpkg.ApplicationSetGetQuery{Name: p.Metadata.Name, AppsetNamespace: c.options.Namespace})
	if err != nil {
		return "", c.wrapError(ctx, "getting the ApplicationSet "+p.Metadata.Name, err)
	}
	return faultOf(set), nil
}

// faultOf returns the message of the condition that reports a failed reconciliation.
func faultOf(set *v1alpha1.ApplicationSet) string {
	for _, c := range set.Status.Conditions {
		if c.Type == v1alpha1.ApplicationSetConditionErrorOccurred && c.Status == v1alpha1.ApplicationSetConditionStatusTrue {
			return c.Message
		}
	}
	return ""
}

// mergedApplicationSet returns the ApplicationSet of the project with what others added
// to the live one, and the live one; nil when Argo CD has none.
func (c *Client) mergedApplicationSet(ctx context.Context, p *project.Project) (set, live *v1alpha1.ApplicationSet, err error) {
	if set, err = typedApplicationSet(p); err != nil {
		return nil, nil, err
	}
	live, err = c.sets.Get(ctx, &applicationsetpkg.ApplicationSetGetQuery{Name: set.Name, AppsetNamespace: set.Namespace})
	switch err = c.wrapError(ctx, "getting the ApplicationSet "+set.Name, err); {
	case staging.CodeOf(err) == staging.CodeNotFound:
		return set, nil, nil
	case err != nil:
		return nil, nil, err
	case !isOctopods(live, p):
		return nil, nil, staging.Errorf(staging.CodeExists, "ApplicationSet %s in Argo CD is not Octopod's", set.Name).
			WithTechnicalHint("Octopod leaves it alone. If it is meant for this project, apply %s; otherwise the project needs another name", ApplicationSetPath)
	}
	set, err = merge(live, set)
	return set, live, err
}

func typedApplicationSet(p *project.Project) (*v1alpha1.ApplicationSet, error) {
	set := &v1alpha1.ApplicationSet{}
	return set, decodeStrict(applicationSet(p), set)
}

// Sync makes Argo CD apply the newest commit as its automated sync does. Argo CD itself does
// not, if it compared the commit while an earlier sync ran that then failed. It needs the
// permission of Terminate.
func (c *Client) Sync(ctx context.Context, name string) error {
	app, err := c.applications.Get(ctx, c.byName(name))
	if err != nil {
		return c.wrapError(ctx, "getting Application "+name, err)
	}
	prune := true
	request := &applicationpkg.ApplicationSyncRequest{Name: &name, AppNamespace: &c.options.Namespace, Project: &c.options.Project, Prune: &prune}
	if policy := app.Spec.SyncPolicy; policy != nil {
		request.RetryStrategy = policy.Retry
		request.SyncOptions = &applicationpkg.SyncOptions{Items: policy.SyncOptions}
	}
	_, err = c.applications.Sync(ctx, request)
	if status.Code(err) == codes.FailedPrecondition { // Argo CD was first
		return nil
	}
	return c.wrapError(ctx, "syncing Application "+name, err)
}

// Terminate cancels the running sync of an Application, so that a newer commit need
// not wait for it. It needs a permission beyond Policy: applications, sync. Without
// it, the error has CodeForbidden.
func (c *Client) Terminate(ctx context.Context, name string) error {
	_, err := c.applications.TerminateOperation(ctx, &applicationpkg.OperationTerminateRequest{
		Name: &name, AppNamespace: &c.options.Namespace, Project: &c.options.Project,
	})
	return c.wrapError(ctx, "ending the sync of Application "+name, err)
}
