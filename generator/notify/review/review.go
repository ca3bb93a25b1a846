package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"octopod/generator/notify"
)

// Kind is the type of a forge's API.
type Kind string

// The kinds.
const (
	GitHub    Kind = "github"
	GitLab    Kind = "gitlab"
	Gitea     Kind = "gitea" // and Forgejo
	Bitbucket Kind = "bitbucket"
)

// Options configure the client of a forge.
type Options struct {
	Kind  Kind
	API   string // https://api.github.com
	Token string
	// Authorize adds the credentials to the requests of a client, in place of Token. Optional.
	Authorize func(http.RoundTripper) http.RoundTripper
}

// Forge is the client of one host. Repositories are named by their path on it:
// acme/backend.
type Forge struct {
	requests
	comments
	statuses
	deployments // nil where the forge has none
}

type requests interface {
	// Requests lists the open pull requests that a commit is in.
	Requests(ctx context.Context, repository, commit string) ([]int64, error)
}

type comments interface {
	// Comments lists the comments of a pull request, the oldest first.
	Comments(ctx context.Context, repository string, request int64) ([]Comment, error)
	Comment(ctx context.Context, repository string, request int64, text string) (id int64, err error)
	Edit(ctx context.Context, repository string, request, id int64, text string) error
	Remove(ctx context.Context, repository string, request, id int64) error
}

type statuses interface {
	// Status returns the newest status of a name, or a zero status.
	Status(ctx context.Context, repository, commit, name string) (Status, error)
	SetStatus(ctx context.Context, repository, commit string, s Status) error
}

type deployments interface {
	// Deploy creates or updates a deployment, unless it is up to date.
	Deploy(ctx context.Context, repository string, d Deployment) error
}

// Comment is a comment of a pull request.
type Comment struct {
	ID   int64
	Text string
}

// State is the state of a staging on a forge.
type State string

// The states. Only deployments and comments can be Inactive: a status records the
// result of a commit, which stays true when its staging is archived.
const (
	Pending   State = "pending"
	Success   State = "success"
	Failure   State = "failure"
	Inactive  State = "inactive"
	Cancelled State = "ended" // superseded or deleted before a result
)

// Status is a commit status.
type Status struct {
	Name  string // octopod/shop/feature-login
	State State
	Text  string // GitHub accepts 140 characters
	Page  string // target URL
}

// Deployment is a deployment to an environment of a forge.
type Deployment struct {
	Environment string // shop/feature-login
	Commit      string
	Branch      string
	State       State
	Text        string
	URL         string // of the environment
	Page        string // about it
}

// Open returns the client of a forge. It does not connect.
func Open(o Options) (*Forge, error) {
	client := &http.Client{Transport: notify.Transport(http.DefaultTransport)}
	if o.Authorize != nil {
		client.Transport = o.Authorize(client.Transport)
	}
	switch o.Kind {
	case GitHub:
		return openGitHub(o, client)
	case GitLab:
		return openGitLab(o, client)
	case Gitea:
		g := &gitea{o, client}
		return &Forge{g, g, g, nil}, nil
	case Bitbucket:
		b := &bitbucket{o, client}
		return &Forge{b, b, b, nil}, nil
	}
	return nil, fmt.Errorf("%q is not a supported forge", o.Kind)
}

// Report is the report of a staging to one commit and its pull requests. Empty
// fields change nothing on the forge.
type Report struct {
	Repository, Commit string
	PullRequest        int64  // pull request; 0 to look it up by commit
	Marker             string // first line of the staging's comment, which identifies it
	Comment            string
	UpdateOnly         bool // update an existing comment, but create none
	Status             *Status
	Deployment         *Deployment
}

// Cancelled returns the report that cancels a pending status, when a newer commit replaces
// this one or its staging is deleted. It returns false if the status is not pending.
func (s Report) Cancelled() (Report, bool) {
	if s.Status == nil || s.Status.State != Pending {
		return Report{}, false
	}
	end := *s.Status
	end.State, end.Text = Cancelled, "it ended before it ran"
	return Report{Repository: s.Repository, Commit: s.Commit, Status: &end}, true
}

// Equal reports whether two reports are equal.
func (s Report) Equal(as Report) bool { return reflect.DeepEqual(s, as) }

// Report updates the forge. A rejected part does not stop the others. A temporary error
// is returned first.
func (f *Forge) Report(ctx context.Context, s Report) error {
	var faults []error
	if s.Comment != "" {
		faults = append(faults, f.reportComment(ctx, s))
	}
	if s.Status != nil {
		faults = append(faults, f.reportStatus(ctx, s))
	}
	if s.Deployment != nil && f.deployments != nil {
		faults = append(faults, f.Deploy(ctx, s.Repository, *s.Deployment))
	}
	for _, err := range faults {
		if err != nil && !isPermanent(err) {
			return err
		}
	}
	return errors.Join(faults...)
}

func (f *Forge) reportStatus(ctx context.Context, s Report) error {
	there, err := f.Status(ctx, s.Repository, s.Commit, s.Status.Name)
	if err != nil || there == *s.Status {
		return err
	}
	return f.SetStatus(ctx, s.Repository, s.Commit, *s.Status)
}

// isPermanent reports whether an error is a permanent rejection.
func isPermanent(err error) bool {
	var rejected *notify.RejectedError
	return errors.As(err, &rejected) && !rejected.Temporary
}

// notPermitted reports whether the object does not exist or the token may not use it.
func notPermitted(err error) bool {
	var r *notify.RejectedError
	return errors.As(err, &r) && (r.Status == http.StatusForbidden || r.Status == http.StatusNotFound || r.Status == http.StatusUnauthorized)
}
