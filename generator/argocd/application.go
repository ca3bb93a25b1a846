package argocd

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Applications lists the Applications of the project's stagings, sorted by name.
func (c *Client) Applications(ctx context.Context) ([]staging.Application, error) {
	apps, _, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	if len(apps) == 0 {
		return nil, c.checkReadAccess(ctx)
	}
	return apps, nil
}

// list also returns the version of the list, which contains no later change.
func (c *Client) list(ctx context.Context) (apps []staging.Application, version uint64, err error) {
	list, err := c.applications.List(ctx, c.query())
	if err != nil {
		return nil, 0, c.wrapError(ctx, "listing the Applications", err)
	}
	for i := range list.Items {
		apps = append(apps, application(&list.Items[i]))
	}
	slices.SortFunc(apps, func(a, b staging.Application) int { return strings.Compare(a.Name, b.Name) })
	return apps, versionOf(list.ResourceVersion), nil
}

// query matches the stagings of the project, but no other Applications in the
// AppProject.
func (c *Client) query() *applicationpkg.ApplicationQuery {
	selector := project.LabelProject + "=" + c.options.Project + "," + project.LabelStaging
	return &applicationpkg.ApplicationQuery{Selector: &selector, Projects: []string{c.options.Project}}
}

// Application returns the current state of an Application.
func (c *Client) Application(ctx context.Context, name string) (staging.Application, error) {
	app, err := c.applications.Get(ctx, c.byName(name))
	if err != nil {
		return staging.Application{}, c.wrapError(ctx, "getting Application "+name, err)
	}
	return application(app), nil
}

func (c *Client) byName(name string) *applicationpkg.ApplicationQuery {
	return &applicationpkg.ApplicationQuery{Name: &name, AppNamespace: &c.options.Namespace, Projects: []string{c.options.Project}}
}

// versionOf returns a resource version as a number, as Argo CD's server compares
// versions; 0 if it is not a number.
func versionOf(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// application converts the fields that determine the phase of a staging: a few
// hundred bytes of an object of tens of kilobytes.
func application(a *v1alpha1.Application) staging.Application {
	app := staging.Application{
		Name:        a.Name,
		Staging:     strings.Clone(a.Labels[project.LabelStaging]),
		UID:         string(a.UID),
		Version:     versionOf(a.ResourceVersion),
		Created:     a.CreationTimestamp.Time,
		Finalizers:  a.Finalizers,
		Revision:    a.Status.Sync.Revision,
		Sync:        string(a.Status.Sync.Status),
		Health:      string(a.Status.Health.Status),
		Deployments: deployments(a.Status.History),
		Operation:   operation(a),
		Images:      slices.Sorted(slices.Values(a.Status.Summary.Images)),
		Conditions:  conditions(a.Status.Conditions),
		Resources:   resources(a.Status.Resources),
	}
	app.ManualSync = a.Spec.SyncPolicy == nil || a.Spec.SyncPolicy.Automated == nil
	if a.DeletionTimestamp != nil {
		app.DeletedAt = &a.DeletionTimestamp.Time
	}
	app.ReconciledAt = timeOf(a.Status.ReconciledAt)
	return app
}

func deployments(history v1alpha1.RevisionHistories) []staging.Deployment {
	all := make([]staging.Deployment, len(history))
	for i, h := range history {
		all[i] = staging.Deployment{
			Number: h.ID, Revision: h.Revision, StartedAt: timeOf(h.DeployStartedAt), FinishedAt: h.DeployedAt.Time,
		}
	}
	return all
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// operation returns the current operation. A requested operation that has not
// started is in a.Operation, while the state is still that of the previous one.
func operation(a *v1alpha1.Application) *staging.Operation {
	if a.Operation != nil && (a.Status.OperationState == nil || a.Status.OperationState.Phase.Completed()) {
		return &staging.Operation{Phase: "Running", Revision: requestedRevision(a.Operation), StartedAt: timeOf(a.Status.ReconciledAt)}
	}
	state := a.Status.OperationState
	if state == nil {
		return nil
	}
	op := &staging.Operation{
		Phase: string(state.Phase), Message: state.Message, Retries: int(state.RetryCount),
		StartedAt: state.StartedAt.Time, FinishedAt: timeOf(state.FinishedAt),
		Revision: requestedRevision(&state.Operation),
	}
	if !state.Phase.Completed() { // between two attempts it has a time
		op.FinishedAt = time.Time{}
	}
	if state.SyncResult != nil {
		op.Revision = cmp.Or(state.SyncResult.Revision, op.Revision)
		op.Failures, op.CheckFailed = failures(state.SyncResult.Resources)
		op.Waits = waits(state.SyncResult.Resources)
		op.NamespaceGone = slices.ContainsFunc(op.Failures, namespaceGone)
	}
	op.Transient = len(op.Failures) == 0 && cannotReachRepoServer(op.Message)
	return op
}

func requestedRevision(op *v1alpha1.Operation) string {
	if op.Sync == nil {
		return ""
	}
	return op.Sync.Revision
}

// failures lists what could not be applied. check reports whether only hooks after the
// sync failed.
func failures(results v1alpha1.ResourceResults) (texts []string, check bool) {
	check = true
	for _, r := range results {
		if r.Status == "SyncFailed" || r.HookPhase == "Failed" || r.HookPhase == "Error" {
			texts = append(texts, r.Kind+"/"+r.Name+": "+r.Message)
			check = check && r.HookType == "PostSync"
		}
	}
	return texts, check && len(texts) > 0
}

// waits lists what a running sync waits for.
func waits(results v1alpha1.ResourceResults) (names []string) {
	for _, r := range results {
		if r.HookPhase == "Running" {
			names = append(names, r.Kind+"/"+r.Name)
		}
	}
	return names
}

// namespaceGone reports whether an object could not be applied because somebody deleted the
// namespace. Kubernetes has no code for this: the message holds it.
func namespaceGone(failure string) bool {
	missing := strings.Contains(failure, `namespaces "`) && strings.Contains(failure, `" not found`)
	return missing || strings.Contains(failure, "because it is being terminated")
}

// cannotReachRepoServer reports whether a sync failed because the repo-server did not
// answer. An operation has no field for this: its message holds the gRPC error.
func cannotReachRepoServer(message string) bool {
	return strings.Contains(message, "code = Unavailable") || strings.Contains(message, "code = DeadlineExceeded")
}

func conditions(all []v1alpha1.ApplicationCondition) []staging.Condition {
	var list []staging.Condition
	for _, c := range all {
		list = append(list, staging.Condition{Type: c.Type, Message: c.Message, Since: timeOf(c.LastTransitionTime), Transient: isTransient(c)})
	}
	return list
}

// renderErrors are phrases in Argo CD's messages about a revision that it fetched but
// could not render.
var renderErrors = []string{
	"`kustomize build", "Failed to evaluate jsonnet", "Manifest generation error", "ailed to unmarshal", "app path does not exist",
}

// isTransient reports whether Argo CD could not read the env repo, as opposed to
// reading it and failing to render. An Application has no field for this, so
// isTransient, and no other function, depends on the text of a message. Render errors
// have few forms; an unknown error is transient, so that Octopod reports no failure it
// cannot prove.
func isTransient(c v1alpha1.ApplicationCondition) bool {
	return c.Type == v1alpha1.ApplicationConditionComparisonError &&
		!slices.ContainsFunc(renderErrors, func(words string) bool { return strings.Contains(c.Message, words) })
}

func resources(all []v1alpha1.ResourceStatus) []staging.Resource {
	list := make([]staging.Resource, 0, len(all))
	for _, r := range all {
		one := staging.Resource{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name, Sync: string(r.Status)}
		if r.Health != nil {
			one.Health, one.Message = string(r.Health.Status), r.Health.Message
		}
		list = append(list, one)
	}
	return list
}
