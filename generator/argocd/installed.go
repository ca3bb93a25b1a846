package argocd

import (
	"context"
	"reflect"
	"slices"

	projectpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/project"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"sigs.k8s.io/yaml"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Installed compares one of the two manifests with the object in Argo CD.
type Installed struct {
	Path          string // of the manifest in the env repo
	Equal         bool   // the object in Argo CD equals the manifest
	TooPermissive bool   // the AppProject allows more than the manifest
	Err           error  // the object is missing (CodeNotFound) or not readable
}

// Installed compares the objects in Argo CD with the manifests of a project. It needs a
// permission beyond Policy: get of projects. Without it, Err has CodeForbidden.
func (c *Client) Installed(ctx context.Context, p *project.Project) ([]Installed, error) {
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
	merged, live, err := c.mergedApplicationSet(ctx, p)
	switch found[1].Err = err; {
	case err == nil && live == nil:
		found[1].Err = staging.Errorf(staging.CodeNotFound, "Argo CD has no ApplicationSet %s", p.Metadata.Name)
	case err == nil:
		found[1].Equal = reflect.DeepEqual(live.Spec, merged.Spec)
	}
	return found, nil
}

// decodeStrict decodes an object into a type of Argo CD and rejects unknown fields.
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

// restrictions returns the fields of an AppProject that Octopod generates.
func restrictions(p *v1alpha1.AppProject) []any {
	return []any{p.Spec.SourceRepos, p.Spec.Destinations, p.Spec.ClusterResourceWhitelist, p.Spec.SourceNamespaces}
}

// exceeds reports whether a project allows a source, a destination or a kind that the
// manifest does not.
func exceeds(has, wanted *v1alpha1.AppProject) bool {
	return hasExtra(has.Spec.SourceRepos, wanted.Spec.SourceRepos) ||
		hasExtra(has.Spec.Destinations, wanted.Spec.Destinations) ||
		hasExtra(has.Spec.SourceNamespaces, wanted.Spec.SourceNamespaces) ||
		hasExtra(has.Spec.ClusterResourceWhitelist, wanted.Spec.ClusterResourceWhitelist)
}

func hasExtra[T comparable](has, wanted []T) bool {
	return slices.ContainsFunc(has, func(one T) bool { return !slices.Contains(wanted, one) })
}
