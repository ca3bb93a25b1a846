package branch

import (
	"io/fs"
	"net/url"
	"strconv"
	"strings"
	"time"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// reader collects metadata, and where each value was found.
type reader struct {
	env      map[string]string
	files    fs.FS
	m        Metadata
	findings []Finding
}

// take gives the first of these variables that has a value.
func (r *reader) take(what string, variables ...string) string {
	for _, name := range variables {
		if value := r.env[name]; value != "" {
			return r.found(what, value, name)
		}
	}
	return ""
}

func (r *reader) found(what, value, from string) string {
	if value != "" {
		r.findings = append(r.findings, Finding{What: what, Value: value, From: from})
	}
	return value
}

func (r *reader) missing(what, why string) {
	r.findings = append(r.findings, Finding{What: what, Why: why})
}

// tag says that what runs is about a tag, which has no staging.
func (r *reader) tag(name string) {
	r.missing("branch", strings.TrimPrefix(name, "refs/tags/")+" is a tag, no branch")
}

// ref reads a full reference: refs/heads/feature/login.
func (r *reader) ref(ref, from string) {
	switch {
	case strings.HasPrefix(ref, "refs/heads/"):
		r.m.Branch = r.found("branch", strings.TrimPrefix(ref, "refs/heads/"), from)
	case strings.HasPrefix(ref, "refs/tags/"):
		r.tag(ref)
	case ref != "":
		r.missing("branch", ref+" is no branch")
	}
}

// person reads who is behind the run.
func (r *reader) person(mail string, names ...string) {
	r.m.Actor.Name = r.take("actor", names...)
	if r.m.Actor.Name != "" && mail != "" {
		r.m.Actor.Email = r.env[mail]
	}
}

// pull reads the number of a pull request; "false" is none.
func (r *reader) pull(variables ...string) *staging.PullRequest {
	for _, name := range variables {
		if number, err := strconv.Atoi(r.env[name]); err == nil && number > 0 {
			r.m.PullRequest = &staging.PullRequest{Number: number}
			r.found("pull request", r.env[name], name)
			return r.m.PullRequest
		}
	}
	return nil
}

// fork marks a pull request whose head lies in another repository.
func (r *reader) fork(head, ours, from string) {
	if head != "" && head != ours {
		r.m.Fork = r.found("fork", head, from)
	}
}

// run reads the number that orders the runs of one pipeline.
func (r *reader) run(pipeline, number string) {
	r.m.Run.Pipeline = pipeline
	r.m.Run.Number, _ = strconv.Atoi(r.take("run", number)) // without a number runs have no order
}

func (r *reader) time(variable string) time.Time {
	at, err := time.Parse(time.RFC3339, r.env[variable])
	if err != nil {
		return time.Time{}
	}
	r.found("committed", r.env[variable], variable)
	return at
}

// repository sets the repository from the first variable with an address. The finding holds
// the address without the token that some CI systems put into it.
func (r *reader) repository(variables ...string) {
	for _, name := range variables {
		if address := r.env[name]; address != "" {
			r.m.Repository = repositoryOf(r.found("repository", giturl.Redact(address), name))
			return
		}
	}
}

// repositoryOf returns the name of the repository at an address, github.com/acme/shop, or ""
// for a path on this machine.
func repositoryOf(address string) string {
	u, _ := giturl.Parse(address)
	return u.Repository()
}

// hostOf gives the host of a web address.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
