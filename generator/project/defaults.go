package project

import (
	"maps"
	"reflect"
	"slices"
	"time"
)

// Defaults of octopod.yaml.
const (
	DefaultConfigMap   = "app-config"
	DefaultBranch      = "main"
	DefaultNamespace   = "{project}-{name}"
	DefaultBranchGrace = Duration(time.Hour)
	DefaultWarning     = Duration(24 * time.Hour)
)

// withDefaults returns the project with all defaults filled in, so that no other code
// handles absent fields.
func (p Project) withDefaults() *Project {
	s := &p.Spec
	fill(&s.Output, OutputSource)
	fill(&s.Hosts.Scheme, "https")
	fill(&s.Naming.Namespace, DefaultNamespace)
	fill(&p.Metadata.Title, p.Metadata.Name)
	fill(&s.Access.Everyone, RoleViewer)
	fill(&s.UI.Title, p.Metadata.Title)
	fill(&s.Lifecycle.BranchGrace, DefaultBranchGrace)
	fill(&s.Lifecycle.Warning, DefaultWarning)
	fill(&s.Lifecycle.WhenFull, SleepOldest)
	fill(&s.Branches.From, FromPush)
	fill(&s.Images.Check, CheckNone)
	fill(&s.Images.Pin, PinNone)
	s.Database = s.Database.withDefaults()
	s.Cost = s.Cost.withDefaults()
	fill(&s.ArgoCD.Branch, DefaultBranch)
	fill(&s.ArgoCD.Namespace, "argocd")
	fill(&s.ArgoCD.Destination, "https://kubernetes.default.svc")
	s.withEngineDefaults(p.Metadata.Name)
	s.Services = maps.Clone(s.Services)
	for name, service := range s.Services {
		fill(&service.Title, name)
		fill(&service.DefaultBranch, DefaultBranch)
		fill(&service.TemplateImage, name)
		s.Services[name] = service
	}
	s.Parameters = maps.Clone(s.Parameters)
	for name, parameter := range s.Parameters {
		fill(&parameter.Scope, ScopeApp)
		fill(&parameter.Type, TypeString)
		fill(&parameter.Role, RoleUser)
		s.Parameters[name] = parameter
	}
	s.withSizeParameter()
	s.Links = slices.Clone(s.Links)
	for i := range s.Links {
		fill(&s.Links[i].Role, RoleViewer)
	}
	return &p
}

// withEngineDefaults fills what the engine and its charts need.
func (s *Spec) withEngineDefaults(project string) {
	if s.Engine == EngineKustomize {
		if len(s.Helm.Charts) == 0 {
			fill(&s.Kustomize.Base, "templates/"+project)
		}
		fill(&s.Kustomize.ConfigMap, DefaultConfigMap)
	}
	if s.Engine == EngineJsonnet {
		fill(&s.Jsonnet.File, "jsonnet/"+project+".libsonnet")
		if len(s.Jsonnet.Libraries) == 0 {
			s.Jsonnet.Libraries = []string{"jsonnet"}
		}
	}
	s.Helm.Charts = slices.Clone(s.Helm.Charts)
	for i := range s.Helm.Charts {
		fill(&s.Helm.Charts[i].Release, project)
	}
}

// HasLifecycle reports whether spec.lifecycle differs from its defaults.
func (p *Project) HasLifecycle() bool {
	return !reflect.DeepEqual(p.Spec.Lifecycle, Project{}.withDefaults().Spec.Lifecycle)
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (cost Cost) withDefaults() Cost {
	if cost.isWritten() {
		fill(&cost.Overhead, 1)
		fill(&cost.TimeZone, "UTC")
	}
	return cost
}

// withDefaults returns the database with the defaults of its kind. A project without a
// database of Octopod has no further fields.
func (d Database) withDefaults() Database {
	fill(&d.Kind, TemplateDatabase)
	if !d.Kind.IsManaged() {
		fill(&d.Name, DefaultNamespace)
		return d
	}
	fill(&d.Name, DefaultDatabaseName)
	fill(&d.KeepOld, DefaultKeepOld)
	fill(&d.Snapshots.Most, defaultMostSnapshots)
	fill(&d.Snapshots.Role, RoleUser)
	fill(&d.Reset.Role, RoleUser)
	fill(&d.Reset.OnPush, KeepData)
	fill(&d.Server.Port, defaultPostgresPort)
	fill(&d.Limits.Connections, defaultConnections)
	seeds := map[string]Seed{}
	for name, seed := range d.Seeds {
		fill(&seed.Role, RoleUser)
		seeds[name] = seed
	}
	d.Seeds = seeds
	if names := sortedKeys(seeds); len(names) == 1 {
		fill(&d.DefaultSeed, names[0])
	}
	return d
}
