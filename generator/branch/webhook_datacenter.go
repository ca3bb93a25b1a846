package branch

import (
	"cmp"
	"strings"
	"time"

	"octopod/generator/staging"
)

// dataCenterPayload holds the fields in use of Bitbucket Data Center's payloads:
// https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
type dataCenterPayload struct {
	Actor      dataCenterUser       `json:"actor"`
	Repository dataCenterRepository `json:"repository"`
	Changes    []struct {
		RefID    string `json:"refId"`
		FromHash string `json:"fromHash"`
		ToHash   string `json:"toHash"` // zeros after a deletion
	} `json:"changes"`
	PreviousFromHash string `json:"previousFromHash"` // of pr:from_ref_updated
	PullRequest      *struct {
		Number int    `json:"id"`
		Title  string `json:"title"`
		State  string `json:"state"` // OPEN, MERGED, DECLINED
		Draft  bool   `json:"draft"` // since 8.18
		Author struct {
			User dataCenterUser `json:"user"`
		} `json:"author"`
		From  dataCenterRef `json:"fromRef"`
		To    dataCenterRef `json:"toRef"`
		Links struct {
			Self []struct {
				Href string `json:"href"`
			} `json:"self"`
		} `json:"links"`
	} `json:"pullRequest"`
}

type dataCenterUser struct {
	Name  string `json:"name"`
	Email string `json:"emailAddress"`
	Type  string `json:"type"` // NORMAL, SERVICE
}

type dataCenterRepository struct {
	Slug    string `json:"slug"`
	Project struct {
		Key string `json:"key"`
	} `json:"project"`
}

// path returns the path of a repository in ssh addresses; "" without one.
func (r dataCenterRepository) path() string {
	if r.Slug == "" || r.Project.Key == "" {
		return ""
	}
	return r.Project.Key + "/" + r.Slug
}

type dataCenterRef struct {
	ID         string               `json:"id"` // refs/heads/feature/login
	Commit     string               `json:"latestCommit"`
	Repository dataCenterRepository `json:"repository"`
}

func readDataCenterWebhook(c *Webhook, h Request) error {
	if c.Event == "diagnostics:ping" {
		c.Ping = true
		return nil
	}
	if c.Event != "repo:refs_changed" && !strings.HasPrefix(c.Event, "pr:") {
		return nil
	}
	var p dataCenterPayload
	if err := decode(h, &p); err != nil {
		return err
	}
	e := c.dataCenterEvent(p.Repository, p.Actor)
	for _, change := range p.Changes {
		c.addPush(change.RefID, change.FromHash, change.ToHash, e)
	}
	c.dataCenterPull(p)
	return nil
}

// dataCenterEvent returns an event of a repository. Its https addresses have the path
// below /scm, its ssh addresses have not.
func (c *Webhook) dataCenterEvent(of dataCenterRepository, by dataCenterUser) Event {
	e := Event{By: staging.Person{Name: by.Name, Email: by.Email}, Bot: by.Type == "SERVICE" || isBot(by.Name, "")}
	if path := of.path(); path != "" {
		e.Repository, e.Alias = c.repositoryName("scm/"+path), c.repositoryName(path)
	}
	return e
}

// dataCenterPull adds the event of a pull request. Comments, reviews and merge checks
// change no staging.
func (c *Webhook) dataCenterPull(p dataCenterPayload) {
	pull := p.PullRequest
	ours := map[string]bool{"pr:opened": true, "pr:from_ref_updated": true, "pr:modified": true, "pr:merged": true, "pr:declined": true, "pr:deleted": true, "pr:reopened": true}
	if pull == nil || !ours[c.Event] {
		return
	}
	e := c.dataCenterEvent(pull.To.Repository, p.Actor)
	e.Kind, e.Branch, e.Commit, e.Committed = PullChanged, strings.TrimPrefix(pull.From.ID, "refs/heads/"), pull.From.Commit, time.Time{}
	e.Before = previousHead(p.PreviousFromHash)
	e.Pull = &Pull{
		PullRequest: staging.PullRequest{Number: pull.Number, Title: pull.Title, Author: pull.Author.User.Name},
		Draft:       pull.Draft, Closed: c.Event == "pr:deleted" || cmp.Or(pull.State, "OPEN") != "OPEN",
		Fork:        c.forkOf(pull.To.Repository.path(), pull.From.Repository.path()),
		HeadChanged: c.Event == "pr:opened" || c.Event == "pr:from_ref_updated" || c.Event == "pr:reopened", MayDisqualify: c.Event == "pr:modified",
	}
	if len(pull.Links.Self) > 0 {
		e.Pull.URL = pull.Links.Self[0].Href
	}
	c.Events = append(c.Events, e)
}
