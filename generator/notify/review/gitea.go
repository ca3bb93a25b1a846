package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"octopod/generator/notify"
)

// gitea speaks the API of Gitea and Forgejo, which have no deployments:
//
//	https://docs.gitea.com/api/
type gitea struct {
	Options
	http *http.Client
}

// client is one for one call: the library keeps the context in the client.
func (g *gitea) client(ctx context.Context) (*sdk.Client, error) {
	c, err := sdk.NewClient(strings.TrimSuffix(g.API, "/api/v1"), sdk.SetContext(ctx), sdk.SetToken(g.Token), sdk.SetHTTPClient(g.http),
		sdk.SetGiteaVersion("")) // or it would ask for the version first, each time
	if err != nil {
		return nil, fmt.Errorf("the API of the forge has no address: %w", err)
	}
	return c, nil
}

// Requests looks through those that are open: asked for the pull request of a
// commit, Gitea knows the merged ones only.
func (g *gitea) Requests(ctx context.Context, repository, commit string) ([]int64, error) {
	c, err := g.client(ctx)
	if err != nil {
		return nil, err
	}
	owner, name, _ := strings.Cut(repository, "/")
	options := sdk.ListPullRequestsOptions{ListOptions: sdk.ListOptions{Page: 1, PageSize: giteaPage}, State: sdk.StateOpen}
	var open []int64
	for range most {
		page, answer, err := c.ListRepoPullRequests(owner, name, options)
		if err != nil {
			return nil, ofGitea(answer, err)
		}
		for _, r := range page {
			if r.Head != nil && r.Head.Sha == commit {
				open = append(open, r.Index)
			}
		}
		if options.Page = answer.NextPage; options.Page == 0 {
			break
		}
	}
	return open, nil
}

// giteaPage is what Gitea gives at most, unless its operator says otherwise.
const giteaPage = 50

func (g *gitea) Comments(ctx context.Context, repository string, request int64) ([]Comment, error) {
	c, err := g.client(ctx)
	if err != nil {
		return nil, err
	}
	owner, name, _ := strings.Cut(repository, "/")
	found, answer, err := c.ListIssueComments(owner, name, request, sdk.ListIssueCommentOptions{}) // all: this list has no pages
	var all []Comment
	for _, comment := range found {
		all = append(all, Comment{comment.ID, comment.Body})
	}
	return all, ofGitea(answer, err)
}

func (g *gitea) Comment(ctx context.Context, repository string, request int64, text string) (int64, error) {
	c, err := g.client(ctx)
	if err != nil {
		return 0, err
	}
	owner, name, _ := strings.Cut(repository, "/")
	comment, answer, err := c.CreateIssueComment(owner, name, request, sdk.CreateIssueCommentOption{Body: text})
	if err != nil {
		return 0, ofGitea(answer, err)
	}
	return comment.ID, nil
}

func (g *gitea) Edit(ctx context.Context, repository string, _, id int64, text string) error {
	c, err := g.client(ctx)
	if err != nil {
		return err
	}
	owner, name, _ := strings.Cut(repository, "/")
	_, answer, err := c.EditIssueComment(owner, name, id, sdk.EditIssueCommentOption{Body: text})
	return ofGitea(answer, err)
}

func (g *gitea) Remove(ctx context.Context, repository string, _, id int64) error {
	c, err := g.client(ctx)
	if err != nil {
		return err
	}
	owner, name, _ := strings.Cut(repository, "/")
	answer, err := c.DeleteIssueComment(owner, name, id)
	return ofGitea(answer, err)
}

func (g *gitea) Status(ctx context.Context, repository, commit, name string) (Status, error) {
	c, err := g.client(ctx)
	if err != nil {
		return Status{}, err
	}
	owner, repo, _ := strings.Cut(repository, "/")
	combined, answer, err := c.GetCombinedStatus(owner, repo, commit)
	if err != nil {
		return Status{}, ofGitea(answer, err)
	}
	for _, s := range combined.Statuses { // the newest of each context
		if s.Context == name {
			return Status{name, stateOfHub(string(s.State)), s.Description, s.TargetURL}, nil
		}
	}
	return Status{}, nil
}

func (g *gitea) SetStatus(ctx context.Context, repository, commit string, s Status) error {
	c, err := g.client(ctx)
	if err != nil {
		return err
	}
	owner, name, _ := strings.Cut(repository, "/")
	_, answer, err := c.CreateStatus(owner, name, commit, sdk.CreateStatusOption{
		State: sdk.StatusState(hubState(s.State)), Context: s.Name, Description: s.Text, TargetURL: s.Page,
	})
	return ofGitea(answer, err)
}

// ofGitea is what Gitea refused.
func ofGitea(answer *sdk.Response, err error) error {
	var passing *notify.Refusal
	if err == nil || errors.As(err, &passing) || answer == nil || answer.Response == nil || answer.StatusCode < http.StatusBadRequest {
		return err
	}
	return &notify.Refusal{Status: answer.StatusCode, Words: err.Error()}
}
