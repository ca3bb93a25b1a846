package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-github/v66/github"

	"octopod/generator/notify"
)

// gitHub calls the REST API of GitHub and GitHub Enterprise Server:
//
//	https://docs.github.com/en/rest/issues/comments
//	https://docs.github.com/en/rest/commits/statuses
//	https://docs.github.com/en/rest/deployments/deployments
type gitHub struct{ *github.Client }

func openGitHub(o Options, client *http.Client) (*Forge, error) {
	g := &gitHub{github.NewClient(client)}
	if o.Authorize == nil {
		g.Client = g.WithAuthToken(o.Token)
	}
	base, err := url.Parse(strings.TrimSuffix(o.API, "/") + "/")
	if err != nil {
		return nil, fmt.Errorf("the forge's API URL is not valid: %w", err)
	}
	g.BaseURL = base
	return &Forge{g, g, g, g}, nil
}

// most bounds the pages to read of a list, with perPage entries each.
const (
	maxPages = 20
	perPage  = 100
)

func (g *gitHub) Requests(ctx context.Context, repository, commit string) ([]int64, error) {
	owner, name, _ := strings.Cut(repository, "/")
	found, _, err := g.PullRequests.ListPullRequestsWithCommit(ctx, owner, name, commit, &github.ListOptions{PerPage: perPage})
	var open []int64
	for _, r := range found {
		if r.GetState() == "open" {
			open = append(open, int64(r.GetNumber()))
		}
	}
	return open, gitHubError(err)
}

func (g *gitHub) Comments(ctx context.Context, repository string, request int64) ([]Comment, error) {
	owner, name, _ := strings.Cut(repository, "/")
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: perPage}}
	var all []Comment
	for range maxPages {
		page, response, err := g.Issues.ListComments(ctx, owner, name, int(request), options)
		if err != nil {
			return nil, gitHubError(err)
		}
		for _, c := range page {
			all = append(all, Comment{c.GetID(), c.GetBody()})
		}
		if options.Page = response.NextPage; options.Page == 0 {
			break
		}
	}
	return all, nil
}

func (g *gitHub) Comment(ctx context.Context, repository string, request int64, text string) (int64, error) {
	owner, name, _ := strings.Cut(repository, "/")
	c, _, err := g.Issues.CreateComment(ctx, owner, name, int(request), &github.IssueComment{Body: &text})
	return c.GetID(), gitHubError(err)
}

func (g *gitHub) Edit(ctx context.Context, repository string, _, id int64, text string) error {
	owner, name, _ := strings.Cut(repository, "/")
	_, _, err := g.Issues.EditComment(ctx, owner, name, id, &github.IssueComment{Body: &text})
	return gitHubError(err)
}

func (g *gitHub) Remove(ctx context.Context, repository string, _, id int64) error {
	owner, name, _ := strings.Cut(repository, "/")
	_, err := g.Issues.DeleteComment(ctx, owner, name, id)
	return gitHubError(err)
}

func (g *gitHub) Status(ctx context.Context, repository, commit, name string) (Status, error) {
	owner, repo, _ := strings.Cut(repository, "/")
	options := &github.ListOptions{PerPage: perPage}
	for range maxPages {
		combined, response, err := g.Repositories.GetCombinedStatus(ctx, owner, repo, commit, options)
		if err != nil {
			return Status{}, gitHubError(err)
		}
		for _, s := range combined.Statuses { // the newest of each context
			if s.GetContext() == name {
				return Status{name, parseGitHubState(s.GetState()), s.GetDescription(), s.GetTargetURL()}, nil
			}
		}
		if options.Page = response.NextPage; options.Page == 0 {
			break
		}
	}
	return Status{}, nil
}

func (g *gitHub) SetStatus(ctx context.Context, repository, commit string, s Status) error {
	owner, name, _ := strings.Cut(repository, "/")
	_, _, err := g.Repositories.CreateStatus(ctx, owner, name, commit, &github.RepoStatus{
		State: new(gitHubState(s.State)), Context: &s.Name, Description: &s.Text, TargetURL: optional(s.Page),
	})
	return gitHubError(err)
}

// gitHubState returns GitHub's and Gitea's name of a state.
func gitHubState(s State) string {
	if s == Cancelled {
		return "error"
	}
	return string(s)
}

func parseGitHubState(state string) State {
	if state == "error" {
		return Cancelled
	}
	return State(state)
}

// Deploy updates the oldest deployment of the commit to the environment. It creates
// one only for a staging that should be up. GitHub itself deactivates the deployments
// of earlier commits.
func (g *gitHub) Deploy(ctx context.Context, repository string, d Deployment) error {
	owner, name, _ := strings.Cut(repository, "/")
	id, err := g.deployment(ctx, owner, name, d)
	if err != nil || id == 0 {
		return err
	}
	state := map[State]string{Pending: "in_progress", Success: "success", Failure: "failure", Inactive: "inactive"}[d.State]
	newest, _, err := g.Repositories.ListDeploymentStatuses(ctx, owner, name, id, &github.ListOptions{PerPage: 1})
	if err != nil {
		return gitHubError(err)
	}
	if len(newest) > 0 && newest[0].GetState() == state && newest[0].GetDescription() == d.Text {
		return nil
	}
	_, _, err = g.Repositories.CreateDeploymentStatus(ctx, owner, name, id, &github.DeploymentStatusRequest{
		State: &state, Description: &d.Text, EnvironmentURL: optional(d.URL), LogURL: optional(d.Page),
	})
	return gitHubError(err)
}

// deployment returns the id of the deployment, or 0 if none is needed.
func (g *gitHub) deployment(ctx context.Context, owner, name string, d Deployment) (int64, error) {
	find := func() (int64, error) {
		there, _, err := g.Repositories.ListDeployments(ctx, owner, name, &github.DeploymentsListOptions{
			SHA: d.Commit, Environment: d.Environment, ListOptions: github.ListOptions{PerPage: perPage},
		})
		if err != nil || len(there) == 0 {
			return 0, gitHubError(err)
		}
		return there[len(there)-1].GetID(), nil // sorted newest first
	}
	if id, err := find(); err != nil || id != 0 || d.State == Inactive {
		return id, err
	}
	_, _, err := g.Repositories.CreateDeployment(ctx, owner, name, &github.DeploymentRequest{
		Ref: &d.Commit, Environment: &d.Environment, Description: new("A staging of Octopod"), AutoMerge: new(false),
		RequiredContexts: &[]string{}, TransientEnvironment: new(true), ProductionEnvironment: new(false),
	})
	if err != nil {
		return 0, gitHubError(err)
	}
	return find() // another server may have created one a moment before
}

// optional returns nil for an empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// gitHubError converts an error of GitHub's library.
func gitHubError(err error) error {
	var response *github.ErrorResponse
	if !errors.As(err, &response) || response.Response == nil {
		return err
	}
	return &notify.RejectedError{Status: response.Response.StatusCode, Message: response.Message}
}
