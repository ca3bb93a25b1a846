package httpapi

import (
	"context"

	"octopod/generator/staging"
)

// BranchList is a list of branches.
type BranchList struct {
	Branches    []Branch
	Unavailable []string // repositories that do not respond
}

// Branch is one branch of the project's repositories.
type Branch struct {
	Name         string   `json:"name"`
	Repositories []string `json:"repositories" doc:"The repositories that have the branch"`
	PullRequests []int    `json:"pullRequests,omitempty"`
}

// branchesOutput is the list, with the repositories that it lacks.
type branchesOutput struct {
	staging.List[Branch]
	Unavailable []string `json:"unavailable,omitempty" doc:"Repositories that do not respond"`
}

func (s *server) listBranches(ctx context.Context, in *ProjectPath) (*response[branchesOutput], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	repositories, err := a.Repositories(ctx)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	var found BranchList
	if s.Branches != nil {
		found = s.Branches(ctx, in.Project, repositories)
	}
	return respond(s, ctx, branchesOutput{staging.ListOf("Branch", found.Branches), found.Unavailable}, nil)
}
