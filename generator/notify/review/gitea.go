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

// gitea calls the API of Gitea and Forgejo, which have no deployments:
//
//	https://docs.gitea.com/api/
type gitea struct {
	Options
	http *http.Client
}

// client returns a client for one call: the library stores the context in it.
func (g *gitea) client(ctx context.Context) (*sdk.Client, error) {
	c, err := sdk.NewClient(strings.TrimSuffix(g.API, "/api/v1"), sdk.SetContext(ctx), sdk.SetToken(g.Token), sdk.SetHTTPClient(g.http),
		sdk.SetGiteaVersion("")) // otherwise it requests the version first, each time
	if err != nil {
		return nil, fmt.Errorf("the forge's API URL is not valid: %w", err)
	}
	return c, nil
}

// Requests searches the open pull requests: Gitea's lookup by commit finds merged ones
// only.
func (g *gitea) Requests(ctx context.Context, repository, commit string) ([]int64, error) {
	c, err := g.client(ctx)
	if err != nil {
		return nil, err
	}
	owner, name, _ := strings.Cut(repository, "/")
	options := sdk.ListPullRequestsOptions{ListOptions: sdk.ListOptions{Page: 1, PageSize: giteaPage}, State: sdk.StateOpen}
	var open []int64
	for range maxPages {
		page, response, err := c.ListRepoPullRequests(owner, name, options)
		if err != nil {
			return nil, giteaError(response, err)
		}
		for _, r := range page {
			if r.Head != nil && r.Head.Sha == commit {
				open = append(open, r.Index)
			}
		}
		if options.Page = response.NextPage; options.Page == 0 {
			break
		}
	}
	return open, nil
}

// giteaPage is Gitea's default maximum page size.
const giteaPage = 50

func (g *gitea) Comments(ctx context.Context, repository string, request int64) ([]Comment, error) {
	c, err := g.client(ctx)
	if err != nil {
		return nil, err
	}
	owner, name, _ := strings.Cut(repository, "/")
	found, response, err := c.ListIssueComments(owner, name, request, sdk.ListIssueCommentOptions{}) // all: this list has no pages
	var all []Comment
	for _, comment := range found {
		all = append(all, Comment{comment.ID, comment.Body})
	}
	return all, giteaError(response, err)
}

func (g *gitea) Comment(ctx context.Context, repository string, request int64, text string) (int64, error) {
	c, err := g.client(ctx)
	if err != nil {
		return 0, err
	}
	owner, name, _ := strings.Cut(repository, "/")
	comment, response, err := c.CreateIssueComment(owner, name, request, sdk.CreateIssueCommentOption{Body: text})
	if err != nil {
		return 0, giteaError(response, err)
	}
	return comment.ID, nil
}

func (g *gitea) Edit(ctx context.Context, repository string, _, id int64, text string) error {
	c, err := g.client(ctx)
	if err != nil {
		return err
	}
	owner, name, _ := strings.Cut(repository, "/")
	_, response, err := c.EditIssueComment(owner, name, id, sdk.EditIssueCommentOption{Body: text})
	return giteaError(response, err)
}

func (g *gitea) Remove(ctx context.Context, repository string, _, id int64) error {
	c, err := g.client(ctx)
	if err != nil {
		return err
	}
	owner, name, _ := strings.Cut(repository, "/")
	response, err := c.DeleteIssueComment(owner, name, id)
	return giteaError(response, err)
}

func (g *gitea) Status(ctx context.Context, repository, commit, name string) (Status, error) {
	c, err := g.client(ctx)
	if err != nil {
		return Status{}, err
	}
	owner, repo, _ := strings.Cut(repository, "/")
	combined, response, err := c.GetCombinedStatus(owner, repo, commit)
	if err != nil {
		return Status{}, giteaError(response, err)
	}
	for _, s := range combined.Statuses { // the newest of each context
		if s.Context == name {
			return Status{name, parseGitHubState(string(s.State)), s.Description, s.TargetURL}, nil
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
	_, response, err := c.CreateStatus(owner, name, commit, sdk.CreateStatusOption{
		State: sdk.StatusState(gitHubState(s.State)), Context: s.Name, Description: s.Text, TargetURL: s.Page,
	})
	return giteaError(response, err)
}

// giteaError converts an error of Gitea's library.
func giteaError(response *sdk.Response, err error) error {
	var passing *notify.RejectedError
	if err == nil || errors.As(err, &passing) || response == nil || response.Response == nil || response.StatusCode < http.StatusBadRequest {
		return err
	}
	return &notify.RejectedError{Status: response.StatusCode, Message: err.Error()}
}
