package branch

import (
	"cmp"
	"time"

	"octopod/generator/staging"
)

// gitlabPayload holds the fields in use of GitLab's payloads:
// https://docs.gitlab.com/user/project/integrations/webhook_events/
type gitlabPayload struct {
	Ref      string         `json:"ref"`
	Before   string         `json:"before"`
	After    string         `json:"after"`
	UserName string         `json:"user_username"` // missing in old versions
	FullName string         `json:"user_name"`
	Mail     string         `json:"user_email"`
	Project  gitlabProject  `json:"project"`
	Commits  []gitlabCommit `json:"commits"`
	User     struct {
		Username string `json:"username"`
		Email    string `json:"email"`
	} `json:"user"`
	Labels  []gitlabLabel `json:"labels"`
	Changes struct {
		Labels *struct {
			Previous []gitlabLabel `json:"previous"`
			Current  []gitlabLabel `json:"current"`
		} `json:"labels"`
		Draft *struct {
			Current bool `json:"current"`
		} `json:"draft"`
	} `json:"changes"`
	Request gitlabRequest `json:"object_attributes"`
}

type gitlabProject struct {
	Path string `json:"path_with_namespace"`
}

type gitlabLabel struct {
	Title string `json:"title"`
}

type gitlabCommit struct {
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
}

type gitlabRequest struct {
	Number       int            `json:"iid"`
	URL          string         `json:"url"`
	Title        string         `json:"title"`
	Action       string         `json:"action"` // open, reopen, update, close, merge, approved, …
	State        string         `json:"state"`  // opened, closed, merged, locked
	Draft        bool           `json:"draft"`
	Unfinished   bool           `json:"work_in_progress"` // the former name of draft
	OldRevision  string         `json:"oldrev"`           // only when there are new commits
	SourceBranch string         `json:"source_branch"`
	LastCommit   gitlabCommit   `json:"last_commit"`
	Source       *gitlabProject `json:"source"` // null when the fork was deleted
}

// readGitLabWebhook decodes only the events in use: others have other types in the same
// fields, for example the source of a pipeline.
func readGitLabWebhook(c *Webhook, h Request) error {
	if c.Event != "Push Hook" && c.Event != "Merge Request Hook" {
		return nil
	}
	var p gitlabPayload
	if err := decode(h, &p); err != nil {
		return err
	}
	e := Event{Repository: c.repositoryName(p.Project.Path)}
	switch c.Event {
	case "Push Hook":
		e.By, e.Bot = staging.Person{Name: cmp.Or(p.UserName, p.FullName), Email: mail(p.Mail)}, isBot(p.UserName, "")
		for _, commit := range p.Commits { // the last 20 of the push
			if commit.ID == p.After {
				e.Committed = commit.Timestamp.UTC()
			}
		}
		c.addPush(p.Ref, p.Before, p.After, e)
	case "Merge Request Hook":
		e.By, e.Bot = staging.Person{Name: p.User.Username, Email: mail(p.User.Email)}, isBot(p.User.Username, "")
		c.gitlabRequest(p, e)
	}
	return nil
}

// mail returns an email address; "" for a private one.
func mail(address string) string {
	if address == "[REDACTED]" {
		return ""
	}
	return address
}

func (c *Webhook) gitlabRequest(p gitlabPayload, e Event) {
	r := p.Request
	head := ""
	if r.Source != nil {
		head = r.Source.Path
	}
	e.Kind, e.Branch, e.Commit, e.Before = PullChanged, r.SourceBranch, r.LastCommit.ID, previousHead(r.OldRevision)
	e.Committed = r.LastCommit.Timestamp.UTC()
	draft, labels := p.Changes.Draft, p.Changes.Labels
	e.Pull = &Pull{
		PullRequest: staging.PullRequest{Number: r.Number, URL: r.URL, Title: r.Title},
		Draft:       r.Draft || r.Unfinished, Closed: r.State == "closed" || r.State == "merged",
		Fork:          c.forkOf(p.Project.Path, head),
		HeadChanged:   r.Action == "open" || r.Action == "reopen" || r.OldRevision != "" || draft != nil && !draft.Current,
		MayDisqualify: labels != nil && len(labels.Current) < len(labels.Previous) || draft != nil && draft.Current,
	}
	if r.Action == "open" { // only this event names the author
		e.Pull.Author = p.User.Username
	}
	for _, label := range p.Labels {
		e.Pull.Labels = append(e.Pull.Labels, label.Title)
	}
	c.Events = append(c.Events, e)
}
