package web

import (
	"net/http"
	"net/url"
	"strconv"

	"octopod/generator/change"
	"octopod/generator/staging"
)

// notice is the message after an action. It travels in a cookie that the next page
// spends: an address would show it to everybody who gets the link, and at each reload.
type notice struct {
	Text string
	// Undo is the URL of a form that takes the change back; empty without one.
	Undo, To string
}

const (
	noticeCookie = "octopod_notice"
	noticeLife   = 60 // seconds until the next page must come
)

// notify sets the notice for the next page.
func (req *projectRequest) notify(w http.ResponseWriter, r *http.Request, done string, result change.Result) {
	values := url.Values{"done": {done}}
	if undoer, to := req.undoOf(r, result); undoer != "" {
		values.Set("name", result.Name)
		values.Set("verb", undoer)
		values.Set("to", to)
	}
	http.SetCookie(w, cookie(r, noticeCookie, values.Encode(), req.path(""), noticeLife))
}

// undoOf returns the action that takes a change back, and its revision.
func (req *projectRequest) undoOf(r *http.Request, result change.Result) (verb, to string) {
	if !result.Changed || result.Staging == nil || result.Name == "" {
		return "", ""
	}
	events, err := req.History(r.Context(), staging.HistoryQuery{Name: result.Name, Limit: shownChanges})
	own := staging.OwnEvents(events)
	if err != nil || len(own) < 2 || own[0].Revision != result.Revision || own[1].Gone {
		return "", ""
	}
	switch {
	case own[0].Verb == staging.Rollback:
		return string(staging.Rollback), own[1].Revision
	case undoable(own[0].Verb):
		return "undo", own[0].Revision
	}
	return "", ""
}

// notifyMany sets the notice after an action on several stagings.
func (req *projectRequest) notifyMany(w http.ResponseWriter, r *http.Request, done string, changed, all int) {
	values := url.Values{"done": {done}, "changed": {strconv.Itoa(changed)}, "all": {strconv.Itoa(all)}}
	http.SetCookie(w, cookie(r, noticeCookie, values.Encode(), req.path(""), noticeLife))
}

// noticeOf reads the notice of a request. Another page may have set it, so this one
// shows texts of its own only.
func (req *projectRequest) noticeOf(r *http.Request) *notice {
	kept, err := r.Cookie(noticeCookie)
	if err != nil || r.Header.Get("HX-Request") == "true" {
		return nil
	}
	text, err := url.QueryUnescape(kept.Value)
	values, problem := url.ParseQuery(text)
	if err != nil || problem != nil {
		return nil
	}
	n := &notice{Text: notices[values.Get("done")]}
	if values.Has("all") {
		changed, _ := strconv.Atoi(values.Get("changed"))
		all, _ := strconv.Atoi(values.Get("all"))
		n.Text = bulkNotice(values.Get("done"), changed, all)
	}
	if verb := values.Get("verb"); (verb == "undo" || verb == string(staging.Rollback)) && values.Get("name") != "" && req.canWrite() {
		n.Undo, n.To = req.stagingPath(url.PathEscape(values.Get("name")), verb), values.Get("to")
	}
	if n.Text == "" {
		return nil
	}
	return n
}

// spend returns the cookie that ends the notice of a page that shows it.
func (f frame) spend() *http.Cookie {
	if f.Notice == nil {
		return nil
	}
	return &http.Cookie{Name: noticeCookie, Path: f.Project + "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
