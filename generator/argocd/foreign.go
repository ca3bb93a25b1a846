package argocd

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	applicationsetpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/applicationset"
	projectpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/project"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Foreign is an object in Argo CD that is not Octopod's and meets the names of a project.
type Foreign struct {
	Object   string // "Application shop-prod"
	File     string // that declares the object, in the env repo; "" for an object in Argo CD
	Conflict string // what it has in common with a staging
	Staging  string // the name that a staging must not have; "" when no single name is in question
	Replaced bool   // applying the manifests of the project would replace the object
}

// String returns the object and where it is.
func (f Foreign) String() string {
	if f.File == "" {
		return f.Object + " exists"
	}
	return f.Object + " is in " + f.File
}

// ForeignIn returns the objects in files of an env repo that a project's manifests would
// replace, the Applications that a staging would take over, and the AppProjects whose
// namespaces overlap. The files are those of others.
func ForeignIn(p *project.Project, files []staging.File) []Foreign {
	var found []Foreign
	for _, file := range files {
		for _, document := range bytes.Split(file.Data, []byte("\n---")) {
			var app v1alpha1.Application // the other kinds have the same metadata
			if yaml.Unmarshal(document, &app) == nil {
				found = append(found, foreignDocument(p, file.Path, document, &app)...)
			}
		}
	}
	return found
}

func foreignDocument(p *project.Project, path string, document []byte, app *v1alpha1.Application) []Foreign {
	in := p.ApplicationNamespace()
	if app.Kind == "AppProject" {
		in = p.Spec.ArgoCD.Namespace
	}
	if !strings.HasPrefix(app.APIVersion, "argoproj.io/") || cmp.Or(app.Namespace, in) != in {
		return nil
	}
	app.Namespace = in
	var found []Foreign
	switch app.Kind {
	case "Application":
		found = foreignApplication(p, app)
	case "AppProject":
		var other v1alpha1.AppProject
		if yaml.Unmarshal(document, &other) == nil {
			found = foreignProject(p, &other)
		}
	case "ApplicationSet":
		found = replaced(p, app.Kind, app.ObjectMeta)
	}
	for i := range found {
		found[i].File = path
	}
	return found
}

// replaced reports an AppProject or ApplicationSet of somebody else that has the name of
// the project.
func replaced(p *project.Project, kind string, o metav1.ObjectMeta) []Foreign {
	if o.Name != p.Metadata.Name || o.Labels[project.LabelProject] == p.Metadata.Name {
		return nil
	}
	return []Foreign{{Object: kind + " " + o.Name, Conflict: "Octopod's " + kind + " would replace it", Replaced: true}}
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
	set, err := c.sets.Get(ctx, &applicationsetpkg.ApplicationSetGetQuery{Name: p.Metadata.Name, AppsetNamespace: p.ApplicationNamespace()})
	if err == nil { // Installed reports an ApplicationSet that cannot be read
		found = append(found, replaced(p, "ApplicationSet", set.ObjectMeta)...)
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
	if name := p.StagingOfApplication(app.Name); name != "" && app.Namespace == p.ApplicationNamespace() {
		return []Foreign{{Object: object, Conflict: fmt.Sprintf("a staging %s would take it over", name), Staging: name}}
	}
	to := app.Spec.Destination
	if name := p.StagingOfNamespace(to.Namespace); name != "" && inCluster(p, to.Server, to.Name) {
		return []Foreign{{Object: object, Staging: name,
			Conflict: fmt.Sprintf("it deploys to namespace %s, which staging %s would share", to.Namespace, name)}}
	}
	return nil
}

// foreignProject compares the namespaces of another AppProject with those of the
// project. An AppProject for all namespaces, as Argo CD's default one, restricts nothing.
func foreignProject(p *project.Project, other *v1alpha1.AppProject) []Foreign {
	if other.Name == p.Metadata.Name {
		return replaced(p, "AppProject", other.ObjectMeta)
	}
	own := p.Namespace("*")
	for _, d := range other.Spec.Destinations {
		if inCluster(p, d.Server, d.Name) && d.Namespace != "*" && !strings.HasPrefix(d.Namespace, "!") && project.PatternsOverlap(own, d.Namespace) {
			return []Foreign{{Object: "AppProject " + other.Name, Conflict: fmt.Sprintf("its namespaces %s overlap with %s of this project", d.Namespace, own)}}
		}
	}
	return nil
}
