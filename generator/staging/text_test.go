package staging_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"octopod/generator/staging"
)

// Every free text of an action has a limit; the error names the field and the limit.
func TestEveryFreeTextHasALimit(t *testing.T) {
	text := func(n int) *string { s := strings.Repeat("ä", n); return &s }
	for name, tt := range map[string]struct {
		action staging.Action
		want   string
	}{
		"title":              {staging.Action{Title: text(201)}, "title: is longer than 200 characters"},
		"title at limit":     {staging.Action{Title: text(200)}, ""},
		"reason":             {staging.Action{Reason: *text(2001)}, "reason: is longer than 2000 characters"},
		"reason at limit":    {staging.Action{Reason: *text(2000)}, ""},
		"note":               {staging.Action{Note: *text(2001)}, "note: is longer than 2000 characters"},
		"branch":             {staging.Action{Branch: *text(501)}, "branch: is longer than 500"},
		"revision":           {staging.Action{To: *text(501)}, "to: is longer than 500"},
		"request title":      {staging.Action{PullRequest: &staging.PullRequest{Title: *text(501)}}, "pullRequest.title: is longer"},
		"request author":     {staging.Action{PullRequest: &staging.PullRequest{Author: *text(501)}}, "pullRequest.author: is longer"},
		"request URL":        {staging.Action{PullRequest: &staging.PullRequest{URL: *text(2001)}}, "pullRequest.url: is longer"},
		"build":              {staging.Action{Images: map[string]staging.Build{"backend": {Commit: *text(501)}}}, "images.backend.commit: is longer"},
		"line break":         {staging.Action{Reason: "a\nOctopod-Via: web"}, "reason: contains a line break or a control character"},
		"escape":             {staging.Action{Note: "a\x1b[2J"}, "note: contains a line break or a control character"},
		"line separator":     {staging.Action{Title: new("a\u2028b")}, "title: contains a line break or a control character"},
		"direction":          {staging.Action{Title: new("login\u202enimda")}, "title: contains a line break or a control character"},
		"joined emoji":       {staging.Action{Title: new("👩\u200d💻 עברית")}, ""},
		"last line break":    {staging.Action{Reason: "flaky\n"}, ""},
		"not valid in UTF-8": {staging.Action{Reason: "a\xff"}, "reason: is not valid UTF-8"},
	} {
		err := tt.action.CheckTexts()
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || len(err.Error()) > 200) {
			t.Errorf("%s: %.300v; want %q", name, err, tt.want)
		}
		if err != nil && staging.CodeOf(err) != staging.CodeInvalid {
			t.Errorf("%s: code %s", name, staging.CodeOf(err))
		}
	}
}

// A record from before the limits is shown shortened, and is itself not modified.
func TestALongRecordIsShownShort(t *testing.T) {
	long := strings.Repeat("ä", 900_000)
	s := staging.Staging{Title: long, Spec: staging.Spec{
		Pinned: &staging.Pin{Reason: long}, Kept: &staging.Protection{Reason: long}, Since: &staging.Transition{Reason: long},
		Tested: &staging.Test{Note: long}, PullRequest: &staging.PullRequest{Number: 1, Title: long, Author: long, URL: long},
	}}
	d := s.Document().Shortened()
	for what, text := range map[string]string{
		"title": d.Metadata.Title, "pin": d.Spec.Pinned.Reason, "keep": d.Spec.Kept.Reason, "since": d.Spec.Since.Reason,
		"note": d.Spec.Tested.Note, "request": d.Spec.PullRequest.Title, "author": d.Spec.PullRequest.Author, "url": d.Spec.PullRequest.URL,
	} {
		if n := utf8.RuneCountInString(text); n > staging.MaxReason || !utf8.ValidString(text) {
			t.Errorf("%s has %d characters", what, n)
		}
	}
	if s.Spec.Pinned.Reason != long || s.Spec.PullRequest.Title != long {
		t.Error("the record itself is modified")
	}
	if short := (staging.PullRequest{Title: "a\tb"}).Shortened(); short.Title != "a b" {
		t.Errorf("title %q", short.Title)
	}
}
