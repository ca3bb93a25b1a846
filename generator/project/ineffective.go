package project

import (
	"fmt"
	"reflect"
	"slices"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Ineffective returns a problem for each field of octopod.yaml that has no effect, or
// not the effect that its description promises. Such a project still works: so lint
// reports these problems, and Parse does not, which keeps env repos readable that were
// written for an earlier Octopod. data is octopod.yaml, for the lines.
func (p *Project) Ineffective(data []byte) []staging.Problem {
	c := problems{}
	p.checkUnusedSections(&c)
	p.checkNames(&c)
	p.checkUnusedServices(&c)
	p.checkUnusedParameters(&c)
	p.checkUnusedPresets(&c)
	p.checkPlaceholders(&c)
	p.checkUnusedAccess(&c)
	p.checkUnusedLifecycle(&c)
	p.Spec.Hygiene.checkUnused(&c)
	p.checkQuota(&c)
	return withPositions(c, strictyaml.Lines(data))
}

// checkUnusedSections reports sections that the engine, or another field, makes
// ineffective.
func (p *Project) checkUnusedSections(c *problems) {
	s := p.Spec
	if !s.Database.Kind.IsManaged() && !reflect.DeepEqual(s.Database, Database{Kind: s.Database.Kind}.withDefaults()) {
		c.add("spec.database", "has no effect: remove it, and the template defines the database and its name; or write a kind of database that Octopod keeps, for example shared-postgres")
	}
	if s.Engine == EngineJsonnet && (len(s.Kustomize.Components) > 0 || s.Kustomize.ConfigMap != "") {
		c.add("spec.kustomize", "has no effect with engine jsonnet: remove it")
	}
	if s.Engine == EngineKustomize && len(s.Jsonnet.Libraries) > 0 {
		c.add("spec.jsonnet", "has no effect with engine kustomize: remove it")
	}
	allNamed := !slices.ContainsFunc(p.ServiceNames(), func(name string) bool { return len(s.Services[name].ownImages()) == 0 })
	if len(s.Images.Registries) > 0 && !s.Images.asksRegistry() && allNamed {
		c.add("spec.images.registries", "has no effect: add check: exists or pin: digest, or remove it")
	}
}

// checkUnusedServices reports fields of services that require another field, and names
// of images that two services share.
func (p *Project) checkUnusedServices(c *problems) {
	images := map[string]string{}
	for _, name := range p.ServiceNames() {
		service, field := p.Spec.Services[name], "spec.services."+name
		if branch, err := staging.ParseBranch(service.DefaultBranch); err != nil || branch != service.DefaultBranch {
			c.add(field+".defaultBranch", "%q is not the name of a branch: write it as `git branch` prints it, for example main", service.DefaultBranch)
		}
		if service.Follow && service.Image == "" {
			c.add(field+".follow", "has no effect without image: add the default image, or remove follow")
		}
		if service.Path != "" && service.Host == "" {
			c.add(field+".path", "has no effect without host: a service without an address has no link; add host, or remove path")
		}
		if p.Spec.Engine == EngineJsonnet {
			continue // init records there which image a jsonnet file of one's own had
		}
		if other, taken := images[service.TemplateImage]; taken {
			c.add(field+".templateImage", "%q is already the image of service %s: write the name of another image of the template", service.TemplateImage, other)
		}
		images[service.TemplateImage] = name
	}
}

// checkUnusedPresets reports presets that change nothing.
func (p *Project) checkUnusedPresets(c *problems) {
	for _, name := range sortedKeys(p.Spec.Presets) {
		if o := p.Spec.Presets[name].Overrides; len(o.App)+len(o.Deployment) == 0 {
			c.add("spec.presets."+name+".overrides", "is empty: write the settings of the preset under app or deployment, or remove it")
		}
	}
}

// checkUnusedAccess reports lists of people who have the role anyway.
func (p *Project) checkUnusedAccess(c *problems) {
	a := p.Spec.Access
	for _, list := range []struct {
		field   string
		members Members
		role    Role
	}{{"viewers", a.Viewers, RoleViewer}, {"users", a.Users, RoleUser}, {"admins", a.Admins, RoleAdmin}} {
		if !list.members.Empty() && a.Everyone.Includes(list.role) {
			c.add("spec.access."+list.field, "has no effect: everyone has the role %s; write everyone: %s, or remove the list", a.Everyone, below(list.role))
		}
	}
}

// below returns the role before a role.
func below(role Role) Role {
	return []Role{RoleNone, RoleViewer, RoleUser, RoleAdmin}[role.rank()-1]
}

// checkUnusedLifecycle reports parts of the lifecycle that require another field or
// another value.
func (p *Project) checkUnusedLifecycle(c *problems) {
	l := p.Spec.Lifecycle
	if l.WhenFull == Refuse && l.MaxActive == 0 && l.MaxActivePerAuthor == 0 {
		c.add("spec.lifecycle.whenFull", "has no effect without a maximum: add maxActive or maxActivePerAuthor, or remove it")
	}
	if l.Warning != DefaultWarning && l.TTL == 0 && l.ArchiveRetention == 0 {
		c.add("spec.lifecycle.warning", "has no effect without ttl and archiveRetention: add one of them, or remove it")
	}
	if l.BranchGrace != DefaultBranchGrace && len(p.Repositories()) == 0 {
		c.add("spec.lifecycle.branchGrace", "has no effect: add repository to a service, so that Octopod can list its branches, or remove it")
	}
	if l.Teardown != "" && p.Spec.Engine == EngineJsonnet {
		c.add("spec.lifecycle.teardown", "requires engine kustomize: remove it; a jsonnet template has no components, so no Job would run")
	}
	if l.Sleep.check() == nil && l.Sleep.neverBegins() {
		c.add("spec.lifecycle.sleep.at", "no staging ever sleeps: wake (%q) is at the same times; write another time, for example at: \"0 20 * * 1-5\"", l.Sleep.Wake)
	}
	builtin := builtinArchive()
	for i, fix := range l.Archive {
		field := fmt.Sprintf("spec.lifecycle.archive[%d]", i)
		switch {
		case fix.Kind == "":
			c.add(field+".kind", "is empty: write the kind of the objects, for example postgresql")
		case slices.ContainsFunc(builtin, func(b staging.ArchiveFix) bool {
			return b.Kind == fix.Kind && (b.Pointer == "" || b.Pointer == fix.Pointer)
		}):
			c.add(field, "has no effect: Octopod archives every %s itself; remove it", fix.Kind)
		}
	}
}

// checkQuota reports keys of the quota that Kubernetes does not know.
func (p *Project) checkQuota(c *problems) {
	for _, key := range sortedKeys(p.Spec.Quota) {
		if !isQuotaResource(key) {
			c.add("spec.quota."+key, "%q is not a resource of a ResourceQuota%s", key, suggest(key, quotaResources()))
		}
	}
}
