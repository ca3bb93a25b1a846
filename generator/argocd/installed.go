package argocd

import (
	"context"
	"reflect"
	"slices"

	applicationsetpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/applicationset"
	projectpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/project"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"sigs.k8s.io/yaml"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Installed says how one of the two manifests is found in Argo CD.
type Installed struct {
	Path          string // of the manifest in the env repo
	Equal         bool   // Argo CD has what the env repo has
	TooPermissive bool   // an AppProject that allows what the manifest does not
	Err           error  // it is missing (CodeNotFound), or cannot be seen
}

// Installed compares what Argo CD has with the manifests of a project. To see
// it the account needs two permissions beyond Policy: get of applicationsets
// and of projects. Without them the error is CodeForbidden.
func (c *Client) Installed(ctx context.Context, p *project.Project) ([]Installed, error) {
	set, err := typedApplicationSet(p)
	if err != nil {
		return nil, err
	}
	wanted := &v1alpha1.AppProject{}
	if err := decodeStrict(appProject(p), wanted); err != nil {
		return nil, err
	}
	found := []Installed{{Path: AppProjectPath}, {Path: ApplicationSetPath}}
	has, err := c.projects.Get(ctx, &projectpkg.ProjectQuery{Name: wanted.Name})
	if found[0].Err = c.wrapError(ctx, "getting the AppProject "+wanted.Name, err); err == nil {
		found[0].Equal = reflect.DeepEqual(restrictions(has), restrictions(wanted))
		found[0].TooPermissive = exceeds(has, wanted)
	}
	there, err := c.sets.Get(ctx, &applicationsetpkg.ApplicationSetGetQuery{Name: set.Name, AppsetNamespace: set.Namespace})
	if found[1].Err = c.wrapError(ctx, "getting the ApplicationSet "+set.Name, err); err == nil {
		found[1].Equal = reflect.DeepEqual(there.Spec, set.Spec)
	}
	return found, nil
}

// decodeStrict reads an object as Argo CD does, where every field must be known.
func decodeStrict(o object, into any) error {
	data, err := yaml.Marshal(o)
	if err == nil {
		err = yaml.UnmarshalStrict(data, into)
	}
	if err != nil {
		return staging.Errorf(staging.CodeInternal, "reading a manifest for Argo CD").Because(err)
	}
	return nil
}

// restrictions are what an AppProject is about; the rest is Argo CD's own.
func restrictions(p *v1alpha1.AppProject) []any {
	return []any{p.Spec.SourceRepos, p.Spec.Destinations, p.Spec.ClusterResourceWhitelist}
}

// exceeds tells whether a project allows a source, a destination or a kind that
// the manifest does not.
func exceeds(has, wanted *v1alpha1.AppProject) bool {
	return hasExtra(has.Spec.SourceRepos, wanted.Spec.SourceRepos) ||
		hasExtra(has.Spec.Destinations, wanted.Spec.Destinations) ||
		hasExtra(has.Spec.ClusterResourceWhitelist, wanted.Spec.ClusterResourceWhitelist)
}

func hasExtra[T comparable](has, wanted []T) bool {
	return slices.ContainsFunc(has, func(one T) bool { return !slices.Contains(wanted, one) })
}
