package project

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"octopod/generator/staging"
)

// shortestName is the minimum budget for a name: a few letters and a hash.
const shortestName = 12

// faults validates a decoded project.
func (p *Project) faults() []staging.Problem {
	c := problems{}
	p.checkHead(&c)
	p.checkEngine(&c)
	p.Spec.Helm.check(&c, p)
	p.checkPatterns(&c)
	p.checkOwnServices(&c)
	for _, name := range p.ParameterNames() {
		p.checkParameter(&c, "spec.parameters."+name, name, p.Spec.Parameters[name])
	}
	for _, name := range sortedKeys(p.Spec.Presets) {
		overrides, field := p.Spec.Presets[name].Overrides, "spec.presets."+name+".overrides"
		p.checkOverrides(&c, field+".app", ScopeApp, overrides.App)
		p.checkOverrides(&c, field+".deployment", ScopeDeployment, overrides.Deployment)
	}
	for i, link := range p.Spec.Links {
		checkLink(&c, fmt.Sprintf("spec.links[%d]", i), link)
	}
	p.Spec.Access.check(&c)
	p.Spec.UI.check(&c)
	for i, rule := range p.Spec.Notify {
		rule.check(&c, fmt.Sprintf("spec.notify[%d]", i))
	}
	p.checkSecrets(&c)
	p.Spec.Hygiene.check(&c)
	p.checkExceptions(&c)
	p.checkRules(&c)
	p.Spec.Branches.check(&c)
	p.Spec.Images.check(&c)
	p.checkSizes(&c)
	p.checkCost(&c)
	return c
}

func (p *Project) checkHead(c *problems) {
	if p.APIVersion != APIVersion {
		c.add("apiVersion", "is %q: this Octopod reads %s", p.APIVersion, APIVersion)
	}
	if p.Kind != Kind {
		c.add("kind", "is %q: write %s", p.Kind, Kind)
	}
	c.addError("metadata.name", CheckName(p.Metadata.Name))
}

// CheckName returns an error for an invalid project name. Names of stagings need the
// other half of a label.
func CheckName(name string) error {
	if !staging.IsLabel(name) || len(name) > staging.MaxLabel/2 {
		return fmt.Errorf("%q is not a valid project name: use at most %d lower-case letters, digits and dashes, starting with a letter",
			name, staging.MaxLabel/2)
	}
	if reserved(name) {
		return fmt.Errorf("%q is not a valid project name: it is a path of the server, /%s", name, name)
	}
	return nil
}

// reserved reports whether a project name is a path of the server.
func reserved(name string) bool {
	switch name {
	case "api", "assets", "auth", "hooks", "livez", "readyz", "metrics", "version", "signin", "signed-out":
		return true
	}
	return false
}

// CheckDomain returns an error for an invalid base domain.
func CheckDomain(name string) error {
	if !domain.MatchString(name) || len(name) > 253-staging.MaxLabel-1 {
		return fmt.Errorf("%q is not a valid domain: write staging.example.com", name)
	}
	return nil
}

func (p *Project) checkEngine(c *problems) {
	s := p.Spec
	switch s.Engine {
	case EngineKustomize:
		if s.Kustomize.Base != "" || !p.HasCharts() {
			checkPath(c, "spec.kustomize.base", s.Kustomize.Base)
		}
		for i, dir := range s.Kustomize.Components {
			checkPath(c, fmt.Sprintf("spec.kustomize.components[%d]", i), dir)
		}
		if s.Jsonnet.File != "" {
			c.add("spec.jsonnet", "requires engine jsonnet")
		}
	case EngineJsonnet:
		checkPath(c, "spec.jsonnet.file", s.Jsonnet.File)
		for i, dir := range s.Jsonnet.Libraries {
			checkPath(c, fmt.Sprintf("spec.jsonnet.libraries[%d]", i), dir)
		}
		if s.Kustomize.Base != "" {
			c.add("spec.kustomize", "requires engine kustomize")
		}
	default:
		c.add("spec.engine", "%q is not an engine: write kustomize or jsonnet", s.Engine)
	}
	if s.Output != OutputSource && s.Output != OutputRendered {
		c.add("spec.output", "%q is not an output: write source or rendered", s.Output)
	}
}

// domain is a DNS name of at least one label (RFC 1123).
var domain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func (p *Project) checkPatterns(c *problems) {
	s := p.Spec
	c.addError("spec.hosts.baseDomain", CheckDomain(s.Hosts.BaseDomain))
	if s.Hosts.Scheme != "https" && s.Hosts.Scheme != "http" {
		c.add("spec.hosts.scheme", "%q is not a scheme: write https or http", s.Hosts.Scheme)
	}
	p.checkPattern(c, "spec.naming.namespace", s.Naming.Namespace)
	s.Database.check(c, p)
	if s.Naming.MaxLength != 0 && s.Naming.MaxLength < shortestName {
		c.add("spec.naming.maxLength", "%d is too short: names need at least %d characters", s.Naming.MaxLength, shortestName)
	} else if budget := p.Naming().Budget; budget < shortestName {
		c.add("spec.naming", "the patterns of namespace, hosts and database leave only %d characters for a name: shorten them", budget)
	}
	for i, name := range s.ArgoCD.Exclude {
		if name == "" || name == "." || name == ".." || strings.Contains(name, "/") {
			c.add(fmt.Sprintf("spec.argocd.exclude[%d]", i), "%q is not the name of a directory in envs: write prod, not envs/prod", name)
		}
	}
	p.checkLimits(c)
	c.addError("spec.lifecycle.sleep", s.Lifecycle.Sleep.check())
	if s.Lifecycle.Teardown != "" {
		checkPath(c, "spec.lifecycle.teardown", s.Lifecycle.Teardown)
	}
	for i, fix := range s.Lifecycle.Archive {
		checkPointer(c, fmt.Sprintf("spec.lifecycle.archive[%d].pointer", i), fix.Pointer)
	}
}

func (p *Project) checkLimits(c *problems) {
	l := p.Spec.Lifecycle
	if l.MaxActive < 0 {
		c.add("spec.lifecycle.maxActive", "cannot be negative")
	}
	if l.MaxActivePerAuthor < 0 {
		c.add("spec.lifecycle.maxActivePerAuthor", "cannot be negative")
	}
	if l.WhenFull != SleepOldest && l.WhenFull != Refuse {
		c.add("spec.lifecycle.whenFull", "%q is not a reaction: write sleepOldest or refuse", l.WhenFull)
	}
}

// checkPattern rejects a pattern that does not contain {name} exactly once, so that two
// stagings would share a name, or whose result is not a label.
func (p *Project) checkPattern(c *problems, field, pattern string) {
	if strings.Count(pattern, "{name}") != 1 {
		c.add(field, "%q must contain {name} exactly once, so that every staging has its own", pattern)
		return
	}
	if sample := p.expand(pattern, "x"); !staging.IsLabel(sample) {
		c.add(field, "%q does not result in a DNS label (%q): use lower-case letters, digits and dashes", pattern, sample)
	}
}

func (p *Project) checkOwnServices(c *problems) {
	if len(p.Spec.Services) == 0 {
		c.add("spec.services", "is empty: a project needs at least one service")
	}
	hosts := map[string]string{}
	for _, name := range p.ServiceNames() {
		service, field := p.Spec.Services[name], "spec.services."+name
		if !staging.IsLabel(name) {
			c.add(field, "%q is not a valid service name: use lower-case letters, digits and dashes, starting with a letter", name)
		}
		if service.Image != "" {
			c.addError(field+".image", CheckImage(service.Image))
		}
		service.checkBuild(c, field)
		service.checkImages(c, field)
		if service.Path != "" && !strings.HasPrefix(service.Path, "/") {
			c.add(field+".path", "%q must begin with a slash", service.Path)
		}
		if service.Host == "" {
			continue
		}
		p.checkPattern(c, field+".host", service.Host)
		if other, taken := hosts[service.Host]; taken {
			c.add(field+".host", "%q is already the host of %s", service.Host, other)
		}
		hosts[service.Host] = name
	}
}

func checkLink(c *problems, field string, link Link) {
	if link.Name == "" {
		c.add(field+".name", "is empty")
	}
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(link.URL))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		c.add(field+".url", "%q is not a web address: write https://…", link.URL)
	}
	checkRole(c, field+".role", link.Role)
}

func (p *Project) checkExceptions(c *problems) {
	for i, allow := range p.Spec.Checks.Allow {
		field := fmt.Sprintf("spec.checks.allow[%d]", i)
		if allow.Rule == "" {
			c.add(field+".rule", "is empty: write the name that the failed check prints in brackets")
		}
		if allow.Reason == "" {
			c.add(field+".reason", "is empty: explain why the exception is safe")
		}
	}
}
