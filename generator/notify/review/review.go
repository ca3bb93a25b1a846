package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"octopod/generator/notify"
)

// Kind is whose API a forge speaks.
type Kind string

// The kinds.
const (
	GitHub    Kind = "github"
	GitLab    Kind = "gitlab"
	Gitea     Kind = "gitea" // and Forgejo
	Bitbucket Kind = "bitbucket"
)

// Options say where a forge answers programs, and who Octopod is there.
type Options struct {
	Kind  Kind
	API   string // https://api.github.com
	Token string
}

// Forge is one host that repositories lie on. Repositories are named by their
// path on it: acme/backend.
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
	// Comments lists those of a pull request, the oldest first.
	Comments(ctx context.Context, repository string, request int64) ([]Comment, error)
	Comment(ctx context.Context, repository string, request int64, text string) (id int64, err error)
	Edit(ctx context.Context, repository string, request, id int64, text string) error
	Remove(ctx context.Context, repository string, request, id int64) error
}

type statuses interface {
	// Status is the newest of a name; a zero one when there is none.
	Status(ctx context.Context, repository, commit, name string) (Status, error)
	SetStatus(ctx context.Context, repository, commit string, s Status) error
}

type deployments interface {
	// Deploy makes a deployment be as it is given, and does nothing when it is.
	Deploy(ctx context.Context, repository string, d Deployment) error
}

// Comment is one of a pull request.
type Comment struct {
	ID   int64
	Text string
}

// State is how a staging is, as the forges tell it apart.
type State string

// The states. Inactive is shown by deployments and comments only: a status says
// what became of a commit, and that stays true when its staging sleeps.
const (
	Pending  State = "pending"
	Success  State = "success"
	Failure  State = "failure"
	Inactive State = "inactive"
	Ended    State = "ended" // before it was known how it is
)

// Status is what a forge shows beside a commit.
type Status struct {
	Name  string // octopod/shop/feature-login
	State State
	Text  string // short: GitHub takes 140 characters
	Page  string // behind the status
}

// Deployment is what a forge shows of an environment.
type Deployment struct {
	Environment string // shop/feature-login
	Commit      string
	Branch      string
	State       State
	Text        string
	URL         string // of the environment
	Page        string // about it
}

// Open makes a forge. It contacts nobody.
func Open(o Options) (*Forge, error) {
	client := &http.Client{Transport: notify.Patient(http.DefaultTransport)}
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
	return nil, fmt.Errorf("%q is no forge that can be told", o.Kind)
}

// Showing is what one commit, and the pull requests it is in, are to show. Empty
// parts are left as they are.
type Showing struct {
	Repository, Commit string
	Request            int64  // 0 where the forge is to say which
	Marker             string // tells the comment of this staging from others
	Comment            string
	Only               bool // do not begin a comment, but bring one that is there to its end
	Status             *Status
	Deployment         *Deployment
}

// End ends what is shown of a commit that was under way when it gave way to a
// newer one, or its staging went; false where there is nothing to end.
func (s Showing) End() (Showing, bool) {
	if s.Status == nil || s.Status.State != Pending {
		return Showing{}, false
	}
	end := *s.Status
	end.State, end.Text = Ended, "it ended before it ran"
	return Showing{Repository: s.Repository, Commit: s.Commit, Status: &end}, true
}

// Same tells whether two are to show the same.
func (s Showing) Same(as Showing) bool { return reflect.DeepEqual(s, as) }

// Show makes the forge show it. What it refuses does not keep the rest from
// being shown; an error that passes comes first.
func (f *Forge) Show(ctx context.Context, s Showing) error {
	var faults []error
	if s.Comment != "" {
		faults = append(faults, f.showComment(ctx, s))
	}
	if s.Status != nil {
		faults = append(faults, f.showStatus(ctx, s))
	}
	if s.Deployment != nil && f.deployments != nil {
		faults = append(faults, f.Deploy(ctx, s.Repository, *s.Deployment))
	}
	for _, err := range faults {
		if err != nil && !final(err) {
			return err
		}
	}
	return errors.Join(faults...)
}

func (f *Forge) showStatus(ctx context.Context, s Showing) error {
	there, err := f.Status(ctx, s.Repository, s.Commit, s.Status.Name)
	if err != nil || there == *s.Status {
		return err
	}
	return f.SetStatus(ctx, s.Repository, s.Commit, *s.Status)
}

// final tells whether a forge refused for good.
func final(err error) bool {
	var refused *notify.Refusal
	return errors.As(err, &refused) && !refused.Passing
}

// refused tells whether a forge has no such thing, or not for us.
func refused(err error) bool {
	var r *notify.Refusal
	return errors.As(err, &r) && (r.Status == http.StatusForbidden || r.Status == http.StatusNotFound || r.Status == http.StatusUnauthorized)
}
