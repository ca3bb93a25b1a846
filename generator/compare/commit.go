package compare

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Commit is one commit of an application's repository.
type Commit struct {
	Revision    string         `json:"revision"`
	Subject     string         `json:"subject"`
	Author      string         `json:"author,omitempty"`
	At          time.Time      `json:"at,omitzero"`
	URL         string         `json:"url,omitempty"`
	PullRequest *CommitRequest `json:"pullRequest,omitempty"`
}

// CommitRequest is the pull request that a commit names.
type CommitRequest struct {
	Number int    `json:"number"`
	URL    string `json:"url,omitempty"`
}

// Logs reads the commits of repositories.
type Logs interface {
	// Between lists the commits that the state to of a repository has and from has not, newest
	// first; each is a branch or a whole commit hash. more is true if there are further ones.
	Between(ctx context.Context, repository, from, to string) (commits []Commit, more bool, err error)
}

// AddCommits lists the commits of every service whose versions are known. What a repository
// does not tell leaves the link to the forge.
func (c *Comparison) AddCommits(ctx context.Context, in Logs) {
	var work sync.WaitGroup
	for i := range c.Services {
		s := &c.Services[i]
		if why := s.untold(in); why != "" {
			s.Unknown = why
			continue
		}
		work.Go(func() { s.Log = s.read(ctx, in) })
	}
	work.Wait()
}

// untold returns why the commits of a service cannot be listed.
func (s *ServiceChange) untold(in Logs) string {
	switch {
	case s.From.Image == "":
		return "The part is new."
	case s.To.Image == "":
		return "The part was removed."
	case s.Repository == "":
		return "The project does not name the repository of this part."
	case s.fromRef == "" || s.toRef == "":
		return "It is not known from which commit a version was built."
	case in == nil:
		return "No repository is connected."
	}
	return ""
}

func (s *ServiceChange) read(ctx context.Context, in Logs) (log Log) {
	var err error
	if log.Commits, log.More, err = in.Between(ctx, s.Repository, s.fromRef, s.toRef); err == nil && len(log.Commits) == 0 {
		log.Removed, log.More, err = in.Between(ctx, s.Repository, s.toRef, s.fromRef)
	}
	if err != nil {
		return Log{Unknown: "The repository could not list the commits."}
	}
	links := linksTo(s.Repository)
	for _, commits := range [][]Commit{log.Commits, log.Removed} {
		for i := range commits {
			commits[i].URL = links.commit(commits[i].Revision)
			if r := commits[i].PullRequest; r != nil {
				r.URL = links.pullRequest(r.Number)
			}
		}
	}
	return log
}

// NewCommit returns a commit with the subject and the pull request of its message.
func NewCommit(revision, message, author string, at time.Time) Commit {
	subject, body, _ := strings.Cut(strings.TrimSpace(message), "\n")
	c := Commit{Revision: revision, Subject: strings.TrimSpace(subject), Author: author, At: at.UTC()}
	for _, form := range requestForms {
		m := form.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		if number, err := strconv.Atoi(m[1]); err == nil {
			c.PullRequest = &CommitRequest{Number: number}
		}
		break
	}
	if title, _, _ := strings.Cut(strings.TrimSpace(body), "\n"); merges.MatchString(subject) && title != "" {
		c.Subject = title // what the pull request is about
	}
	return c
}

// requestForms are how forges name the pull request in the message of a commit: GitHub and
// Gitea when they merge and when they squash, Bitbucket, GitLab.
var requestForms = []*regexp.Regexp{
	regexp.MustCompile(`^Merge pull request #(\d+)`),
	regexp.MustCompile(`^[^\n]*\((?:#|pull request #)(\d+)\)`),
	regexp.MustCompile(`(?m)^See merge request \S*!(\d+)$`),
}

// merges matches the subject of a merge that says nothing of its content.
var merges = regexp.MustCompile(`^Merge (pull request #|branch )`)
