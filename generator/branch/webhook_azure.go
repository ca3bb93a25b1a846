package branch

import (
	"strings"
	"time"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// azurePayload names the event of Azure DevOps; the resource differs by event:
// https://learn.microsoft.com/azure/devops/service-hooks/events
type azurePayload struct {
	ID   string `json:"id"`
	Type string `json:"eventType"` // git.push, git.pullrequest.created, build.complete, …
}

type azurePush struct {
	Resource struct {
		Commits []struct {
			ID        string `json:"commitId"`
			Committer struct {
				Date time.Time `json:"date"`
			} `json:"committer"`
		} `json:"commits"`
		Updates []struct {
			Name   string `json:"name"`
			Before string `json:"oldObjectId"`
			After  string `json:"newObjectId"`
		} `json:"refUpdates"`
		Repository azureRepository `json:"repository"`
		By         azureUser       `json:"pushedBy"`
	} `json:"resource"`
}

type azurePull struct {
	Resource struct {
		Number     int             `json:"pullRequestId"`
		Status     string          `json:"status"` // active, completed, abandoned
		Title      string          `json:"title"`
		Draft      bool            `json:"isDraft"`
		Author     azureUser       `json:"createdBy"`
		Source     string          `json:"sourceRefName"`
		Repository azureRepository `json:"repository"`
		Fork       *struct {
			Repository azureRepository `json:"repository"`
		} `json:"forkSource"`
		Head struct {
			ID string `json:"commitId"`
		} `json:"lastMergeSourceCommit"`
		Links struct {
			Web struct {
				Href string `json:"href"`
			} `json:"web"`
		} `json:"_links"`
	} `json:"resource"`
}

type azureRepository struct {
	URL string `json:"remoteUrl"` // https://dev.azure.com/acme/Shop/_git/backend
}

type azureUser struct {
	Name  string `json:"displayName"`
	Email string `json:"uniqueName"` // an address of mail, or an account
}

func (u azureUser) person() staging.Person {
	if !strings.Contains(u.Email, "@") {
		return staging.Person{Name: u.Name}
	}
	return staging.Person{Name: u.Name, Email: u.Email}
}

func readAzureWebhook(c *Webhook, h Request) error {
	c.Event = "service hook"
	var p azurePayload
	if err := decode(h, &p); err != nil {
		return err
	}
	c.ID = p.ID
	if p.Type != "" {
		c.Event = p.Type
	}
	switch {
	case p.Type == "git.push":
		return c.azurePush(h)
	case strings.HasPrefix(p.Type, "git.pullrequest."):
		return c.azurePull(h)
	}
	return nil
}

func (c *Webhook) azurePush(h Request) error {
	var p azurePush
	if err := decode(h, &p); err != nil {
		return err
	}
	for _, update := range p.Resource.Updates {
		e := Event{By: p.Resource.By.person()}
		e.Repository, e.Alias = c.azureNames(p.Resource.Repository)
		for _, commit := range p.Resource.Commits {
			if commit.ID == update.After {
				e.Committed = commit.Committer.Date.UTC()
			}
		}
		c.addPush(update.Name, update.Before, update.After, e)
	}
	return nil
}

func (c *Webhook) azurePull(h Request) error {
	var p azurePull
	if err := decode(h, &p); err != nil {
		return err
	}
	r := p.Resource
	e := Event{Kind: PullChanged, Branch: strings.TrimPrefix(r.Source, "refs/heads/"), Commit: r.Head.ID, By: r.Author.person()}
	e.Repository, e.Alias = c.azureNames(r.Repository)
	e.Pull = &Pull{
		PullRequest: staging.PullRequest{Number: r.Number, URL: r.Links.Web.Href, Title: r.Title, Author: r.Author.Name},
		Draft:       r.Draft, Closed: r.Status == "completed" || r.Status == "abandoned",
		HeadChanged: c.Event == "git.pullrequest.created" || c.Event == "git.pullrequest.updated", MayDisqualify: c.Event == "git.pullrequest.updated",
	}
	if r.Fork != nil {
		fork, _ := c.azureNames(r.Fork.Repository)
		if e.Pull.Fork = fork; fork == "" {
			e.Pull.Fork = deletedFork
		}
	}
	c.Events = append(c.Events, e)
	return nil
}

// azureNames returns the names of a repository of this host: by https, and by ssh, where
// host and path differ. A repository of another host has none.
func (c *Webhook) azureNames(r azureRepository) (https, ssh string) {
	u, err := giturl.ParseRepository(r.URL)
	if err != nil || u.Repository() == "" {
		return "", ""
	}
	host, path, _ := strings.Cut(u.Repository(), "/")
	if host != strings.Split(c.Host, ":")[0] {
		return "", ""
	}
	if host == "dev.azure.com" {
		ssh = "ssh.dev.azure.com/v3/" + strings.Replace(path, "/_git/", "/", 1)
	}
	return u.Repository(), ssh
}
