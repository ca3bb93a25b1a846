package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

func (req *projectRequest) requireWrite() error {
	if req.canWrite() {
		return nil
	}
	return staging.Errorf(staging.CodeForbidden, "you can see stagings, but not change them")
}

// formOf reads a posted form. An oversized form is an invalid request.
func formOf(r *http.Request) (url.Values, error) {
	err := r.ParseForm()
	if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
		return nil, staging.Errorf(staging.CodeInvalid, "the form is larger than the server accepts")
	}
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "the form cannot be read").Because(err)
	}
	return r.PostForm, nil
}

// requestOf returns the request of a posted form.
func requestOf(a staging.Action, form url.Values) change.Request {
	return change.Request{Action: a, Version: form.Get("version"), AllowDataLoss: form.Get(fieldAllowDataLoss) != ""}
}

// committedView returns a staging as currently committed.
func (req *projectRequest) committedView(ctx context.Context, name string) (*staging.View, error) {
	views, err := req.Find(ctx, staging.Query{Names: []string{name}, Recorded: true})
	if err != nil {
		return nil, err
	}
	return &views[0], nil
}

// catchUpTimeout limits how long a form waits for its own change to reach the feed.
const catchUpTimeout = 3 * time.Second

// apply runs an action and waits for the feed, so that the next page shows the
// result.
func (req *projectRequest) apply(ctx context.Context, r change.Request) (change.Result, error) {
	result, err := req.Apply(ctx, r)
	if err != nil || !result.Changed {
		return result, err
	}
	req.catchUp(ctx)
	return result, nil
}

// catchUp waits for the feed. On a timeout, the page updates a moment later.
func (req *projectRequest) catchUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	_ = req.CatchUp(ctx)
}

// conflict describes a concurrent change.
type conflict struct {
	By, What string
	At       timestamp
}

// conflict describes the last change of a staging; nil without a history.
func (req *projectRequest) conflict(r *http.Request, name string) *conflict {
	events, err := req.History(r.Context(), staging.HistoryQuery{Name: name, Limit: shownChanges})
	events = staging.OwnEvents(events)
	if err != nil || len(events) == 0 {
		return nil
	}
	e := req.describe(events[0])
	c := &conflict{By: cmp.Or(e.By.Name, "Someone"), At: e.When, What: e.Action}
	if e.Summary != "" && req.shows(project.SectionHistory) {
		c.What = e.Summary
	}
	return c
}

// seeOther redirects after a form, so that a reload does not post it again.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
