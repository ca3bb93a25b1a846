package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"octopod/generator/notify"
)

// gitLab calls version 4 of GitLab's API:
//
//	https://docs.gitlab.com/api/notes/
//	https://docs.gitlab.com/api/commits/
//	https://docs.gitlab.com/api/deployments/
type gitLab struct{ *gitlab.Client }

func openGitLab(o Options, client *http.Client) (*Forge, error) {
	c, err := gitlab.NewClient(o.Token, gitlab.WithBaseURL(o.API), gitlab.WithHTTPClient(client), gitlab.WithoutRetries())
	if err != nil {
		return nil, fmt.Errorf("the forge's API URL is not valid: %w", err)
	}
	g := &gitLab{c}
	return &Forge{g, g, g, g}, nil
}

func (g *gitLab) Requests(ctx context.Context, repository, commit string) ([]int64, error) {
	found, _, err := g.Commits.ListMergeRequestsByCommit(repository, commit, gitlab.WithContext(ctx))
	var open []int64
	for _, r := range found {
		if r.State == "opened" {
			open = append(open, r.IID)
		}
	}
	return open, gitLabError(err)
}

func (g *gitLab) Comments(ctx context.Context, repository string, request int64) ([]Comment, error) {
	options := &gitlab.ListMergeRequestNotesOptions{
		ListOptions: gitlab.ListOptions{PerPage: perPage}, OrderBy: new("created_at"), Sort: new("asc"),
	}
	var all []Comment
	for range maxPages {
		page, response, err := g.Notes.ListMergeRequestNotes(repository, request, options, gitlab.WithContext(ctx))
		if err != nil {
			return nil, gitLabError(err)
		}
		for _, n := range page {
			all = append(all, Comment{n.ID, n.Body})
		}
		if options.Page = response.NextPage; options.Page == 0 {
			break
		}
	}
	return all, nil
}

func (g *gitLab) Comment(ctx context.Context, repository string, request int64, text string) (int64, error) {
	n, _, err := g.Notes.CreateMergeRequestNote(repository, request, &gitlab.CreateMergeRequestNoteOptions{Body: &text}, gitlab.WithContext(ctx))
	if err != nil {
		return 0, gitLabError(err)
	}
	return n.ID, nil
}

func (g *gitLab) Edit(ctx context.Context, repository string, request, id int64, text string) error {
	_, _, err := g.Notes.UpdateMergeRequestNote(repository, request, id, &gitlab.UpdateMergeRequestNoteOptions{Body: &text}, gitlab.WithContext(ctx))
	return gitLabError(err)
}

func (g *gitLab) Remove(ctx context.Context, repository string, request, id int64) error {
	_, err := g.Notes.DeleteMergeRequestNote(repository, request, id, gitlab.WithContext(ctx))
	return gitLabError(err)
}

// Status returns the newest status of a name, with GitLab's states translated.
func (g *gitLab) Status(ctx context.Context, repository, commit, name string) (Status, error) {
	found, _, err := g.Commits.GetCommitStatuses(repository, commit, &gitlab.GetCommitStatusesOptions{Name: &name}, gitlab.WithContext(ctx))
	if err != nil {
		return Status{}, gitLabError(err)
	}
	var newest *gitlab.CommitStatus
	for _, s := range found {
		if s.Name == name && (newest == nil || s.ID > newest.ID) {
			newest = s
		}
	}
	if newest == nil {
		return Status{}, nil
	}
	state := map[string]State{"running": Pending, "pending": Pending, "success": Success, "failed": Failure, "canceled": Cancelled}[newest.Status]
	return Status{name, state, newest.Description, newest.TargetURL}, nil
}

// SetStatus sets the status. GitLab rejects the state that a status already has, even
// with another text; SetStatus ignores that error.
func (g *gitLab) SetStatus(ctx context.Context, repository, commit string, s Status) error {
	state := map[State]gitlab.BuildStateValue{Pending: gitlab.Running, Success: gitlab.Success, Failure: gitlab.Failed, Cancelled: gitlab.Canceled}[s.State]
	_, _, err := g.Commits.SetCommitStatus(repository, commit, &gitlab.SetCommitStatusOptions{
		State: state, Name: &s.Name, Description: &s.Text, TargetURL: optional(s.Page),
	}, gitlab.WithContext(ctx))
	err = gitLabError(err)
	var rejected *notify.RejectedError
	if errors.As(err, &rejected) && rejected.Status == http.StatusBadRequest && strings.Contains(rejected.Message, "Cannot transition status") {
		return nil
	}
	return err
}

// Deploy updates the newest deployment of the commit to the environment. A finished
// deployment cannot change any more, so the next state is a new deployment.
func (g *gitLab) Deploy(ctx context.Context, repository string, d Deployment) error {
	if d.State == Inactive {
		return g.stop(ctx, repository, d)
	}
	state := map[State]gitlab.DeploymentStatusValue{
		Pending: gitlab.DeploymentStatusRunning, Success: gitlab.DeploymentStatusSuccess, Failure: gitlab.DeploymentStatusFailed,
	}[d.State]
	there, _, err := g.Deployments.ListProjectDeployments(repository, &gitlab.ListProjectDeploymentsOptions{
		ListOptions: gitlab.ListOptions{PerPage: 1}, Environment: &d.Environment, OrderBy: new("id"), Sort: new("desc"),
	}, gitlab.WithContext(ctx))
	switch {
	case err != nil:
		return gitLabError(err)
	case len(there) > 0 && there[0].SHA == d.Commit && there[0].Status == string(state):
		return nil
	case len(there) > 0 && there[0].SHA == d.Commit && there[0].Status == string(gitlab.DeploymentStatusRunning):
		_, _, err = g.Deployments.UpdateProjectDeployment(repository, there[0].ID, &gitlab.UpdateProjectDeploymentOptions{Status: &state}, gitlab.WithContext(ctx))
	default:
		_, _, err = g.Deployments.CreateProjectDeployment(repository, &gitlab.CreateProjectDeploymentOptions{
			Environment: &d.Environment, Ref: &d.Branch, SHA: &d.Commit, Tag: new(false), Status: &state,
		}, gitlab.WithContext(ctx))
	}
	if err != nil {
		return gitLabError(err)
	}
	return g.setExternalURL(ctx, repository, d)
}

func (g *gitLab) environment(ctx context.Context, repository, name string) (*gitlab.Environment, error) {
	there, _, err := g.Environments.ListEnvironments(repository, &gitlab.ListEnvironmentsOptions{Name: &name}, gitlab.WithContext(ctx))
	if err != nil || len(there) == 0 {
		return nil, gitLabError(err)
	}
	return there[0], nil
}

// setExternalURL sets the environment's link to the staging.
func (g *gitLab) setExternalURL(ctx context.Context, repository string, d Deployment) error {
	e, err := g.environment(ctx, repository, d.Environment)
	if err != nil || e == nil || e.ExternalURL == d.URL || d.URL == "" {
		return err
	}
	_, _, err = g.Environments.EditEnvironment(repository, e.ID, &gitlab.EditEnvironmentOptions{ExternalURL: &d.URL}, gitlab.WithContext(ctx))
	return gitLabError(err)
}

func (g *gitLab) stop(ctx context.Context, repository string, d Deployment) error {
	e, err := g.environment(ctx, repository, d.Environment)
	if err != nil || e == nil || e.State != "available" {
		return err
	}
	_, _, err = g.Environments.StopEnvironment(repository, e.ID, &gitlab.StopEnvironmentOptions{}, gitlab.WithContext(ctx))
	return gitLabError(err)
}

// gitLabError converts an error of GitLab's library.
func gitLabError(err error) error {
	var response *gitlab.ErrorResponse
	if errors.Is(err, gitlab.ErrNotFound) {
		return &notify.RejectedError{Status: http.StatusNotFound}
	}
	if !errors.As(err, &response) || response.Response == nil {
		return err
	}
	return &notify.RejectedError{Status: response.Response.StatusCode, Message: response.Message}
}
