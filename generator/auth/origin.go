package auth

import (
	"net/url"
	"slices"
	"strings"

	"octopod/generator/project"
)

// origin returns the source of a run from the claims of GitHub or GitLab. Without
// them, the origin has no repository, and a bound run may write nothing.
func (i Issuer) origin(c claims, binding project.Binding) *project.RunOrigin {
	text := func(name string) string { value, _ := c.text(name); return value }
	o := &project.RunOrigin{Binding: binding, Event: text("event_name")}
	switch repository, path := text("repository"), text("project_path"); {
	case repository != "":
		o.Repository, o.Branch = i.host()+"/"+repository, githubBranch(o.Event, text("ref"), text("head_ref"))
	case path != "":
		o.Repository, o.Event = i.host()+"/"+path, text("pipeline_source")
		if text("ref_type") == "branch" {
			o.Branch = text("ref")
		}
	}
	return o
}

// host returns the host of the forge: GitHub issues tokens at token.actions.….
func (i Issuer) host() string {
	u, err := url.Parse(i.Issuer)
	if err != nil {
		return ""
	}
	if u.Host == "token.actions.githubusercontent.com" {
		return "github.com"
	}
	return strings.TrimPrefix(u.Host, "token.actions.")
}

// githubBranch returns the branch of a run of GitHub Actions: of a pull request its head.
// With pull_request_target anybody can choose the name of the head, so there is none.
func githubBranch(event, ref, head string) string {
	switch event {
	case "pull_request":
		return head
	case "pull_request_target":
		return ""
	}
	branch, found := strings.CutPrefix(ref, "refs/heads/")
	if !found {
		return ""
	}
	return branch
}

// scope returns the identity's scope with the placeholders of its names filled in:
// {branch} is the branch of the run, {name} the name of its staging.
func (i Identity) scope(p *project.Project) *Scope {
	if i.Scope == nil || i.Origin == nil || i.Origin.Branch == "" || strings.Contains(i.Origin.Branch, "*") {
		return i.Scope
	}
	scope, branch, naming := *i.Scope, i.Origin.Branch, p.Naming()
	scope.Names = nil
	for _, pattern := range i.Scope.Names {
		for _, name := range []string{naming.NameOf(branch), naming.HashedNameOf(branch)} {
			scope.Names = append(scope.Names, strings.NewReplacer("{branch}", branch, "{name}", name).Replace(pattern))
		}
	}
	scope.Names = slices.Compact(scope.Names)
	return &scope
}
