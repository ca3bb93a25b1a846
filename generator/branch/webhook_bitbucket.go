package branch

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"octopod/generator/staging"
)

// bitbucketPayload holds the fields in use of Bitbucket Cloud's payloads:
// https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
type bitbucketPayload struct {
	Actor      bitbucketUser `json:"actor"`
	Repository repository    `json:"repository"`
	Push       struct {
		Changes []struct {
			Old *bitbucketRef `json:"old"`
			New *bitbucketRef `json:"new"` // null after a deletion
		} `json:"changes"`
	} `json:"push"`
	PullRequest *struct {
		Number int           `json:"id"`
		Title  string        `json:"title"`
		State  string        `json:"state"` // OPEN, MERGED, DECLINED, SUPERSEDED
		Draft  bool          `json:"draft"`
		Author bitbucketUser `json:"author"`
		Source struct {
			Branch struct {
				Name string `json:"name"`
			} `json:"branch"`
			Commit struct {
				Hash string `json:"hash"` // the first 12 digits
			} `json:"commit"`
			Repository *repository `json:"repository"`
		} `json:"source"`
		Links struct {
			HTML struct {
				Href string `json:"href"`
			} `json:"html"`
		} `json:"links"`
	} `json:"pullrequest"`
}

type bitbucketUser struct {
	Name     string `json:"display_name"`
	Nickname string `json:"nickname"`
	Type     string `json:"type"`
}

func (u bitbucketUser) name() string { return cmp.Or(u.Nickname, u.Name) }

type bitbucketRef struct {
	Type   string `json:"type"` // branch or tag
	Name   string `json:"name"`
	Target struct {
		Hash string    `json:"hash"`
		Date time.Time `json:"date"`
	} `json:"target"`
}

func readBitbucketWebhook(c *Webhook, h Request) error {
	if c.Event == "diagnostics:ping" {
		c.Ping = true
		return nil
	}
	if c.Event != "repo:push" && !strings.HasPrefix(c.Event, "pullrequest:") {
		return nil
	}
	var p bitbucketPayload
	if err := decode(h, &p); err != nil {
		return err
	}
	e := Event{
		Repository: c.repositoryName(p.Repository.FullName), By: staging.Person{Name: p.Actor.name()}, Bot: isBot(p.Actor.name(), p.Actor.Type),
	}
	for _, change := range p.Push.Changes {
		var before, after bitbucketRef
		if change.Old != nil {
			before = *change.Old
		}
		if change.New != nil {
			after = *change.New
		}
		if cmp.Or(after.Type, before.Type) == "branch" {
			e.Committed = after.Target.Date.UTC()
			c.addPush("refs/heads/"+cmp.Or(after.Name, before.Name), before.Target.Hash, after.Target.Hash, e)
		}
	}
	c.bitbucketPull(p, e)
	return nil
}

func (c *Webhook) bitbucketPull(p bitbucketPayload, e Event) {
	pull := p.PullRequest
	if pull == nil || c.Event == "repo:push" {
		return
	}
	head := ""
	if pull.Source.Repository != nil {
		head = pull.Source.Repository.FullName
	}
	e.Kind, e.Branch, e.Commit, e.Committed = PullChanged, pull.Source.Branch.Name, pull.Source.Commit.Hash, time.Time{}
	e.Pull = &Pull{
		PullRequest: staging.PullRequest{Number: pull.Number, URL: pull.Links.HTML.Href, Title: pull.Title, Author: pull.Author.name()},
		Draft:       pull.Draft, Closed: slices.Contains([]string{"MERGED", "DECLINED", "SUPERSEDED"}, pull.State), Fork: c.forkOf(p.Repository.FullName, head),
		HeadChanged: c.Event == "pullrequest:created" || c.Event == "pullrequest:updated", MayDisqualify: c.Event == "pullrequest:updated",
	}
	c.Events = append(c.Events, e)
}
