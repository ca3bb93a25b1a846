package branch

import (
	"strings"

	"octopod/generator/staging"
)

// githubPayload is the part of GitHub's payloads that is read, and of Gitea's, which
// are made after them:
// https://docs.github.com/webhooks/webhook-events-and-payloads
type githubPayload struct {
	Action      string         `json:"action"`
	Ref         string         `json:"ref"`
	RefType     string         `json:"ref_type"` // of delete
	Before      string         `json:"before"`
	After       string         `json:"after"`
	HeadCommit  *headCommit    `json:"head_commit"`
	PullRequest *githubPull    `json:"pull_request"`
	Repository  repository     `json:"repository"`
	Pusher      githubUser     `json:"pusher"`
	Sender      githubUser     `json:"sender"`
	Package     *githubPackage `json:"package"`
	Registry    *githubPackage `json:"registry_package"`
}

type githubPull struct {
	pullRequest
	Draft  bool   `json:"draft"`
	State  string `json:"state"`
	Labels []struct {
		Name string `json:"name"`
	} `json:"labels"`
}

type githubUser struct {
	Login string `json:"login"`
	Name  string `json:"name"` // of a pusher
	Email string `json:"email"`
	Type  string `json:"type"`
}

type githubPackage struct {
	PackageVersion struct {
		PackageURL string `json:"package_url"` // ghcr.io/acme/backend:1f2e3d4
	} `json:"package_version"`
}

func readGitHubWebhook(c *Webhook, h Request) error {
	var p githubPayload
	if err := decode(h, &p); err != nil {
		return err
	}
	e := Event{Repository: c.repositoryName(p.Repository.FullName), By: p.person(), Bot: isBot(p.Sender.Login, p.Sender.Type)}
	switch c.Event {
	case "ping":
		c.Ping = true
	case "push":
		if p.HeadCommit != nil && p.HeadCommit.ID == p.After {
			e.Committed = p.HeadCommit.Timestamp.UTC()
		}
		c.addPush(p.Ref, p.Before, p.After, e)
	case "delete":
		if p.RefType == "branch" {
			c.addPush("refs/heads/"+strings.TrimPrefix(p.Ref, "refs/heads/"), "", "", e)
		}
	case "pull_request":
		c.githubPull(p, e)
	case "package", "registry_package":
		for _, made := range []*githubPackage{p.Package, p.Registry} {
			if made != nil {
				c.Events = append(c.Events, Event{Kind: ImagePushed, Image: made.PackageVersion.PackageURL})
			}
		}
	}
	return nil
}

// person is who did it. A pusher has an address for commits, a sender has none.
func (p githubPayload) person() staging.Person {
	name := p.Sender.Login
	if name == "" {
		name = p.Pusher.Name
	}
	return staging.Person{Name: name, Email: p.Pusher.Email}
}

// What pull requests of GitHub and Gitea go through, as far as it matters.
const (
	githubHeadActions          = " opened reopened synchronize synchronized ready_for_review "
	githubDisqualifyingActions = " unlabeled label_cleared label_updated converted_to_draft "
)

func (c *Webhook) githubPull(p githubPayload, e Event) {
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
		e.Before = previousHead(p.Before)
	}
	e.Pull = &Pull{
		PullRequest: staging.PullRequest{Number: pull.Number, URL: pull.HTMLURL, Title: pull.Title, Author: pull.User.Login},
		Draft:       pull.Draft, Closed: pull.State == "closed", Fork: c.forkOf(p.Repository.FullName, head),
		HeadChanged: strings.Contains(githubHeadActions, " "+p.Action+" "), MayDisqualify: strings.Contains(githubDisqualifyingActions, " "+p.Action+" "),
	}
	for _, label := range pull.Labels {
		e.Pull.Labels = append(e.Pull.Labels, label.Name)
	}
	c.Events = append(c.Events, e)
}

// readGiteaWebhook reads Gitea and Forgejo: https://docs.gitea.com/usage/webhooks.
// Events about labels and pushes of pull requests have names of their own.
func readGiteaWebhook(c *Webhook, h Request) error {
	said := c.Event
	if strings.HasPrefix(said, "pull_request") {
		c.Event = "pull_request"
	}
	err := readGitHubWebhook(c, h)
	c.Event = said
	return err
}
