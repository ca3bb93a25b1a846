package argocd

import (
	"context"
	"time"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	applicationsetpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/applicationset"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// refreshAnnotation makes the ApplicationSet controller look at git at once.
// It is what Argo CD's own webhook sets, and the controller takes it off again.
// Any value will do. It must be another each time: while the controller is
// still busy with one request, the same value again would be no change, and
// the second request would be lost.
const refreshAnnotation = "argocd.argoproj.io/application-set-refresh"

// Refresh makes Argo CD compare an Application with git now, and returns how
// it is then. hard also renders anew what Argo CD has cached. The request has
// its effect even when ctx ends before the answer.
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

// UpsertApplicationSet writes the ApplicationSet of the project into Argo CD,
// and makes it look for new and removed stagings now. A request that comes
// while the controller ends an earlier look may still be taken off with that
// one: who sees no Application within seconds asks again.
func (c *Client) UpsertApplicationSet(ctx context.Context, p *project.Project) error {
	set, err := typedApplicationSet(p)
	if err != nil {
		return err
	}
	set.Annotations = map[string]string{refreshAnnotation: time.Now().UTC().Format(time.RFC3339Nano)}
	_, err = c.sets.Create(ctx, &applicationsetpkg.ApplicationSetCreateRequest{Applicationset: set, Upsert: true})
	return c.wrapError(ctx, "writing the ApplicationSet "+set.Name, err)
}

func typedApplicationSet(p *project.Project) (*v1alpha1.ApplicationSet, error) {
	set := &v1alpha1.ApplicationSet{}
	return set, decodeStrict(applicationSet(p), set)
}

// Terminate ends the running sync of an Application, so that a newer commit
// need not wait for an older one. It needs a permission beyond Policy:
// applications, sync. Without it the error is CodeForbidden.
func (c *Client) Terminate(ctx context.Context, name string) error {
	_, err := c.applications.TerminateOperation(ctx, &applicationpkg.OperationTerminateRequest{
		Name: &name, AppNamespace: &c.options.Namespace, Project: &c.options.Project,
	})
	return c.wrapError(ctx, "ending the sync of Application "+name, err)
}
