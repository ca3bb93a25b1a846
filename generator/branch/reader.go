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

// reader collects metadata and the source of each value.
type reader struct {
	env      map[string]string
	files    fs.FS
	metadata Metadata
	findings []Finding
}

// lookup returns the first of these variables that has a value.
func (r *reader) lookup(what string, variables ...string) string {
	for _, name := range variables {
		if value := r.env[name]; value != "" {
			return r.record(what, value, name)
		}
	}
	return ""
}

func (r *reader) record(what, value, from string) string {
	if value != "" {
		r.findings = append(r.findings, Finding{What: what, Value: value, From: from})
	}
	return value
}

func (r *reader) recordMissing(what, why string) {
	r.findings = append(r.findings, Finding{What: what, Why: why})
}

// rejectTag records that the run is for a tag, which has no staging.
func (r *reader) rejectTag(name string) {
	r.recordMissing("branch", strings.TrimPrefix(name, "refs/tags/")+" is a tag, not a branch")
}

// ref reads a full reference: refs/heads/feature/login.
func (r *reader) ref(ref, from string) {
	switch {
	case strings.HasPrefix(ref, "refs/heads/"):
		r.metadata.Branch = r.record("branch", strings.TrimPrefix(ref, "refs/heads/"), from)
	case strings.HasPrefix(ref, "refs/tags/"):
		r.rejectTag(ref)
	case ref != "":
		r.recordMissing("branch", ref+" is not a branch")
	}
}

// person reads the person who started the run.
func (r *reader) person(mail string, names ...string) {
	r.metadata.Actor.Name = r.lookup("actor", names...)
	if r.metadata.Actor.Name != "" && mail != "" {
		r.metadata.Actor.Email = r.env[mail]
	}
}

// pullRequest reads the number of a pull request; "false" means none.
func (r *reader) pullRequest(variables ...string) *staging.PullRequest {
	for _, name := range variables {
		if number, err := strconv.Atoi(r.env[name]); err == nil && number > 0 {
			r.metadata.PullRequest = &staging.PullRequest{Number: number}
			r.record("pull request", r.env[name], name)
			return r.metadata.PullRequest
		}
	}
	return nil
}

// fork records a pull request whose head is in another repository.
func (r *reader) fork(head, ours, from string) {
	if head != "" && head != ours {
		r.metadata.Fork = r.record("fork", head, from)
	}
}

// run reads the number that orders the runs of one pipeline.
func (r *reader) run(pipeline, number string) {
	r.metadata.Run.Pipeline = pipeline
	r.metadata.Run.Number, _ = strconv.Atoi(r.lookup("run", number)) // runs without a number have no order
}

func (r *reader) time(variable string) time.Time {
	at, err := time.Parse(time.RFC3339, r.env[variable])
	if err != nil {
		return time.Time{}
	}
	r.record("committed", r.env[variable], variable)
	return at
}

// repository sets the repository from the first variable with an address. The finding holds
// the address without the token that some CI systems put into it.
func (r *reader) repository(variables ...string) {
	for _, name := range variables {
		if address := r.env[name]; address != "" {
			r.metadata.Repository = repositoryOf(r.record("repository", giturl.Redact(address), name))
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

// hostOf returns the host of a URL.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
