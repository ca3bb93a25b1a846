package branch

import (
	"strings"

	"octopod/generator/staging"
)

// hubHook is the part of GitHub's payloads that is read, and of Gitea's, which
// are made after them:
// https://docs.github.com/webhooks/webhook-events-and-payloads
type hubHook struct {
	Action      string      `json:"action"`
	Ref         string      `json:"ref"`
	RefType     string      `json:"ref_type"` // of delete
	Before      string      `json:"before"`
	After       string      `json:"after"`
	HeadCommit  *headCommit `json:"head_commit"`
	PullRequest *hubPull    `json:"pull_request"`
	Repository  repository  `json:"repository"`
	Pusher      hubUser     `json:"pusher"`
	Sender      hubUser     `json:"sender"`
	Package     *hubPackage `json:"package"`
	Registry    *hubPackage `json:"registry_package"`
}

type hubPull struct {
	pullRequest
	Draft  bool   `json:"draft"`
	State  string `json:"state"`
	Labels []struct {
		Name string `json:"name"`
	} `json:"labels"`
}

type hubUser struct {
	Login string `json:"login"`
	Name  string `json:"name"` // of a pusher
	Email string `json:"email"`
	Type  string `json:"type"`
}

type hubPackage struct {
	PackageVersion struct {
		PackageURL string `json:"package_url"` // ghcr.io/acme/backend:1f2e3d4
	} `json:"package_version"`
}

func readGitHubHook(c *Call, h Hook) error {
	var p hubHook
	if err := decode(h, &p); err != nil {
		return err
	}
	e := Event{Repository: c.repository(p.Repository.FullName), By: p.by(), Bot: isBot(p.Sender.Login, p.Sender.Type)}
	switch c.Event {
	case "ping":
		c.Ping = true
	case "push":
		if p.HeadCommit != nil && p.HeadCommit.ID == p.After {
			e.Committed = p.HeadCommit.Timestamp.UTC()
		}
		c.push(p.Ref, p.Before, p.After, e)
	case "delete":
		if p.RefType == "branch" {
			c.push("refs/heads/"+strings.TrimPrefix(p.Ref, "refs/heads/"), "", "", e)
		}
	case "pull_request":
		c.hubPull(p, e)
	case "package", "registry_package":
		for _, made := range []*hubPackage{p.Package, p.Registry} {
			if made != nil {
				c.Events = append(c.Events, Event{Kind: ImagePushed, Image: made.PackageVersion.PackageURL})
			}
		}
	}
	return nil
}

// by is who did it. A pusher has an address for commits, a sender has none.
func (p hubHook) by() staging.Person {
	name := p.Sender.Login
	if name == "" {
		name = p.Pusher.Name
	}
	return staging.Person{Name: name, Email: p.Pusher.Email}
}

// What pull requests of GitHub and Gitea go through, as far as it matters.
const (
	hubMoved = " opened reopened synchronize synchronized ready_for_review "
	hubLeft  = " unlabeled label_cleared label_updated converted_to_draft "
)

func (c *Call) hubPull(p hubHook, e Event) {
	pull := p.PullRequest
	if pull == nil {
		return
	}
	head := ""
	if pull.Head.Repo != nil {
		head = pull.Head.Repo.FullName
	}
	e.Kind, e.Branch, e.Commit = PullChanged, pull.Head.Ref, pull.Head.SHA
	if p.Action == "synchronize" { // Gitea does not say what was there before
		e.Before = previous(p.Before)
	}
	e.Pull = &Pull{
		PullRequest: staging.PullRequest{Number: pull.Number, URL: pull.HTMLURL, Title: pull.Title, Author: pull.User.Login},
		Draft:       pull.Draft, Closed: pull.State == "closed", Fork: c.fork(p.Repository.FullName, head),
		Moved: strings.Contains(hubMoved, " "+p.Action+" "), Left: strings.Contains(hubLeft, " "+p.Action+" "),
	}
	for _, label := range pull.Labels {
		e.Pull.Labels = append(e.Pull.Labels, label.Name)
	}
	c.Events = append(c.Events, e)
}

// readGiteaHook reads Gitea and Forgejo: https://docs.gitea.com/usage/webhooks.
// Events about labels and pushes of pull requests have names of their own.
func readGiteaHook(c *Call, h Hook) error {
	said := c.Event
	if strings.HasPrefix(said, "pull_request") {
		c.Event = "pull_request"
	}
	err := readGitHubHook(c, h)
	c.Event = said
	return err
}
