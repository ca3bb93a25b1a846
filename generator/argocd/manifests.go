package argocd

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Where the manifests lie in the env repo.
const (
	ApplicationSetPath = "argocd/applicationset.yaml"
	AppProjectPath     = "argocd/appproject.yaml"
)

// stagingName is the name of a staging inside the ApplicationSet's template.
const stagingName = "{{.path.basename}}"

const header = `# Written by Octopod from octopod.yaml. After a change of that file
# ` + "`octopod lint --fix`" + ` writes it anew; then:
#   kubectl apply -n %s -f argocd/appproject.yaml -f argocd/applicationset.yaml
`

type object = map[string]any

// Manifests gives the ApplicationSet and the AppProject of a project. The same
// project gives the same bytes.
func Manifests(p *project.Project) ([]staging.File, error) {
	if p.Spec.ArgoCD.RepoURL == "" {
		return nil, staging.Errorf(staging.CodeInvalid, "the project does not say where Argo CD finds the env repo").
			WithHint("set spec.argocd.repoURL in %s", project.File)
	}
	var files []staging.File
	for _, m := range []struct {
		path   string
		object object
	}{{ApplicationSetPath, applicationSet(p)}, {AppProjectPath, appProject(p)}} {
		data, err := yaml.Marshal(m.object)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", m.path, err)
		}
		files = append(files, staging.File{Path: m.path, Data: append(fmt.Appendf(nil, header, p.Spec.ArgoCD.Namespace), data...)})
	}
	return files, nil
}

// applicationSet makes an Application of every directory below envs. It does
// not read the records in them (Argo CD's generator of files would): one that
// somebody broke by hand would stop every new and every removed staging.
func applicationSet(p *project.Project) object {
	revision := "refs/heads/" + p.Spec.ArgoCD.Branch // in full: a short name costs Argo CD a look at every ref
	return object{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "ApplicationSet",
		"metadata":   objectMetadata(p),
		"spec": object{
			"goTemplate":        true,
			"goTemplateOptions": []string{"missingkey=error"},
			"generators": []object{{"git": object{
				"repoURL":     p.Spec.ArgoCD.RepoURL,
				"revision":    revision,
				"directories": []object{{"path": staging.Dir("*")}},
			}}},
			"template": object{"metadata": applicationMetadata(p), "spec": applicationSpec(p, revision)},
		},
	}
}

func objectMetadata(p *project.Project) object {
	return object{
		"name": p.Metadata.Name, "namespace": p.Spec.ArgoCD.Namespace,
		"labels": object{project.LabelProject: p.Metadata.Name, project.LabelManagedBy: "octopod"},
	}
}

func applicationMetadata(p *project.Project) object {
	return object{
		"name": p.Application(stagingName),
		"labels": object{
			project.LabelProject: p.Metadata.Name, project.LabelStaging: stagingName, project.LabelManagedBy: "octopod",
		},
		"annotations": annotations(p),
		// With it the removal of a staging removes its objects; without, it orphans them.
		"finalizers": []string{"resources-finalizer.argocd.argoproj.io"},
	}
}

func applicationSpec(p *project.Project, revision string) object {
	return object{
		"project":     p.Metadata.Name,
		"source":      source(p, revision),
		"destination": object{"server": p.Spec.ArgoCD.Destination, "namespace": p.Namespace(stagingName)},
		"syncPolicy": object{
			"automated": object{"prune": true, "selfHeal": true},
			// Automated sync never tries a failed commit again, so it must retry
			// while it lasts. But a retry holds on to its commit, and a newer one
			// waits: not for long, then. (Argo CD 2.14 knows no retry.refresh.)
			"retry": object{"limit": 3, "backoff": object{"duration": "2s", "factor": 2, "maxDuration": "1m"}},
			// No CreateNamespace: such a namespace is never removed. It is one of
			// the rendered objects instead.
			"syncOptions": []string{"ApplyOutOfSyncOnly=true", "FailOnSharedResource=true"},
		},
		"revisionHistoryLimit": 5,
	}
}

// source says what Argo CD renders. A kustomization it finds by itself; among
// plain files it must be told which ones are objects.
func source(p *project.Project, revision string) object {
	s := object{"repoURL": p.Spec.ArgoCD.RepoURL, "targetRevision": revision, "path": "{{.path.path}}"}
	switch {
	case p.Spec.Output == project.OutputRendered:
		s["directory"] = object{"include": staging.ManifestsFile}
	case p.Spec.Engine == project.EngineJsonnet:
		s["directory"] = object{"include": "main.jsonnet", "jsonnet": object{"libs": p.Spec.Jsonnet.Libraries}}
	}
	return s
}

// annotations: what a staging is rendered from, so that commits of others cost
// Argo CD nothing, and links that its page shows.
func annotations(p *project.Project) object {
	a := object{"argocd.argoproj.io/manifest-generate-paths": strings.Join(generatePaths(p), ";")}
	for _, service := range p.ServiceNames() {
		if url := p.URL(service, stagingName); url != "" {
			a["link.argocd.argoproj.io/"+service] = url
		}
	}
	for i, link := range p.Spec.Links {
		// Argo CD shows it to everybody, and does not know the branch.
		if cmp.Or(link.Role, project.RoleViewer) == project.RoleViewer && !strings.Contains(link.URL, "{branch}") {
			a["link.argocd.argoproj.io/"+cmp.Or(linkKey(link.Name), fmt.Sprint("link-", i+1))] = linkURL(p, link.URL)
		}
	}
	return a
}

// generatePaths gives the staging's own directory and the top-level folders
// that templates lie in, whole: a base may reach for its neighbours.
func generatePaths(p *project.Project) []string {
	folders := map[string]bool{}
	add := func(names ...string) {
		for _, name := range names {
			if top, _, _ := strings.Cut(path.Clean(name), "/"); top != "." && top != staging.EnvsDir {
				folders["/"+top] = true
			}
		}
	}
	switch {
	case p.Spec.Output == project.OutputRendered:
	case p.Spec.Engine == project.EngineJsonnet:
		add(p.Spec.Jsonnet.File)
		add(p.Spec.Jsonnet.Libraries...)
	default:
		add(p.Spec.Kustomize.Base, p.Spec.Lifecycle.Teardown)
		add(p.Spec.Kustomize.Components...)
		for _, parameter := range p.Spec.Parameters {
			add(slices.Collect(maps.Values(parameter.To.Component))...)
		}
	}
	return append([]string{"."}, slices.Sorted(maps.Keys(folders))...)
}

// linkKey makes the name of a link fit for the key of an annotation.
func linkKey(name string) string {
	key := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	return strings.Trim(key[:min(len(key), staging.MaxLabel)], "-")
}

// linkURL puts the ApplicationSet's own words in place of {name} and the like.
func linkURL(p *project.Project, url string) string {
	words := []string{"{project}", p.Metadata.Name, "{name}", stagingName, "{namespace}", p.Namespace(stagingName)}
	for _, service := range p.ServiceNames() {
		words = append(words, "{host."+service+"}", p.Host(service, stagingName))
	}
	return strings.NewReplacer(words...).Replace(url)
}

// appProject lets the Applications of a project read one repository and write
// its own namespaces only. Argo CD cannot bound the names of cluster-scoped
// objects; that Octopod's checks do.
func appProject(p *project.Project) object {
	return object{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "AppProject",
		"metadata":   objectMetadata(p),
		"spec": object{
			"description":              "Stagings of " + p.Metadata.Title + ", made by Octopod",
			"sourceRepos":              []string{p.Spec.ArgoCD.RepoURL},
			"destinations":             destinations(p),
			"clusterResourceWhitelist": []object{{"group": "", "kind": "Namespace"}},
		},
	}
}

func destinations(p *project.Project) []object {
	namespaces := []string{p.Namespace("*")}
	if namespaces[0] == "*" { // a project whose namespaces have no prefix
		namespaces = append(namespaces, "!"+p.Spec.ArgoCD.Namespace, "!default", "!kube-*")
	}
	var all []object
	for _, namespace := range namespaces {
		all = append(all, object{"server": p.Spec.ArgoCD.Destination, "namespace": namespace})
	}
	return all
}
