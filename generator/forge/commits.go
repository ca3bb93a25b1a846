package forge

import (
	"context"

	"octopod/generator/compare"
	"octopod/generator/gitstore"
)

// Between lists the commits that the state to of a repository has and from has not, newest
// first; each is a branch or a whole commit hash. more is true if there are further ones. It
// asks the git server, which every forge has, with the token for branches.
func (f Forges) Between(ctx context.Context, repository, from, to string) (commits []compare.Commit, more bool, err error) {
	o, host, err := f.optionsOf(repository)
	if err != nil {
		return nil, false, err
	}
	if err := f.limiter.Allow(host); err != nil {
		return nil, false, err
	}
	found, err := gitstore.Between(ctx, o, from, to)
	f.limiter.Observe(host, err)
	for _, c := range found.Commits {
		commits = append(commits, compare.NewCommit(c.Revision.String(), c.Message, c.Author.Name, c.When))
	}
	return commits, found.More, err
}
