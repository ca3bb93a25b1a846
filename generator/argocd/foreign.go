package argocd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	projectpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/project"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Foreign is an object in Argo CD that is not Octopod's and meets the names of a project.
type Foreign struct {
	Object   string // "Application shop-prod"
	Conflict string // what it has in common with a staging
	Staging  string // the name that a staging must not have; "" when no single name is in question
}

// Foreign lists the Applications whose name or namespace a staging of the project could
// get, and the AppProjects whose namespaces overlap with those of the project. Argo CD
// lists only the objects that the account may get.
func (c *Client) Foreign(ctx context.Context, p *project.Project) ([]Foreign, error) {
	apps, err := c.applications.List(ctx, &applicationpkg.ApplicationQuery{})
	if err != nil {
		return nil, c.wrapError(ctx, "listing the Applications", err)
	}
	projects, err := c.projects.List(ctx, &projectpkg.ProjectQuery{})
	if err = c.wrapError(ctx, "listing the AppProjects", err); err != nil && staging.CodeOf(err) != staging.CodeForbidden {
		return nil, err
	}
	var found []Foreign
	for _, app := range apps.Items {
		found = append(found, foreignApplication(p, &app)...)
	}
	for _, other := range itemsOf(projects) {
		found = append(found, foreignProject(p, &other)...)
	}
	slices.SortFunc(found, func(a, b Foreign) int { return strings.Compare(a.Object, b.Object) })
	return found, nil
}

func itemsOf(list *v1alpha1.AppProjectList) []v1alpha1.AppProject {
	if list == nil {
		return nil
	}
	return list.Items
}

// foreignApplication compares an Application that is no staging of the project with the
// names that the project gives.
func foreignApplication(p *project.Project, app *v1alpha1.Application) []Foreign {
	if app.Labels[project.LabelProject] == p.Metadata.Name && app.Labels[project.LabelStaging] != "" {
		return nil
	}
	object := "Application " + app.Name
	if name := p.StagingOfApplication(app.Name); name != "" && app.Namespace == p.Spec.ArgoCD.Namespace {
		return []Foreign{{object, fmt.Sprintf("a staging %s would take it over", name), name}}
	}
	server := app.Spec.Destination.Server
	if name := p.StagingOfNamespace(app.Spec.Destination.Namespace); name != "" && (server == "" || server == p.Spec.ArgoCD.Destination) {
		return []Foreign{{object, fmt.Sprintf("it deploys to namespace %s, which staging %s would share", app.Spec.Destination.Namespace, name), name}}
	}
	return nil
}

// foreignProject compares the namespaces of another AppProject with those of the
// project. An AppProject for all namespaces, as Argo CD's default one, restricts nothing.
func foreignProject(p *project.Project, other *v1alpha1.AppProject) []Foreign {
	if other.Name == p.Metadata.Name {
		return nil
	}
	own := p.Namespace("*")
	for _, d := range other.Spec.Destinations {
		if d.Namespace != "*" && !strings.HasPrefix(d.Namespace, "!") && project.PatternsOverlap(own, d.Namespace) {
			return []Foreign{{"AppProject " + other.Name, fmt.Sprintf("its namespaces %s overlap with %s of this project", d.Namespace, own), ""}}
		}
	}
	return nil
}
