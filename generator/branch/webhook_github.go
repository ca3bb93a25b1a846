package branch

import (
	"slices"
	"strings"

	"octopod/generator/staging"
)

// githubPayload holds the fields in use of GitHub's payloads, and of Gitea's, which have
// the same format:
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
	if !slices.Contains([]string{"ping", "push", "delete", "pull_request", "package", "registry_package"}, c.Event) {
		return nil
	}
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
		for _, pushed := range []*githubPackage{p.Package, p.Registry} {
			if pushed != nil {
				c.Events = append(c.Events, Event{Kind: ImagePushed, Image: pushed.PackageVersion.PackageURL})
			}
		}
	}
	return nil
}

// person returns the person who caused the event. Only a pusher has an email address.
func (p githubPayload) person() staging.Person {
	name := p.Sender.Login
	if name == "" {
		name = p.Pusher.Name
	}
	return staging.Person{Name: name, Email: p.Pusher.Email}
}

// Actions on pull requests of GitHub and Gitea that matter to a staging.
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
	if p.Action == "synchronize" { // Gitea does not send the previous head
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
// It has separate event names for labels and pushes of pull requests, and packages in a
// format of its own.
func readGiteaWebhook(c *Webhook, h Request) error {
	name := c.Event
	if name == "package" {
		return c.giteaPackage(h)
	}
	if strings.HasPrefix(name, "pull_request") {
		c.Event = "pull_request"
	}
	err := readGitHubWebhook(c, h)
	c.Event = name
	return err
}

// giteaPackage reads the event of a package: https://docs.gitea.com/usage/packages/container.
func (c *Webhook) giteaPackage(h Request) error {
	var p struct {
		Action  string `json:"action"` // created or deleted
		Package struct {
			Owner   githubUser `json:"owner"`
			Type    string     `json:"type"` // container, npm, …
			Name    string     `json:"name"`
			Version string     `json:"version"`
		} `json:"package"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	if p.Action == "created" && p.Package.Type == "container" {
		c.addImage(strings.ToLower(c.Host + "/" + p.Package.Owner.Login + "/" + p.Package.Name + ":" + p.Package.Version))
	}
	return nil
}
