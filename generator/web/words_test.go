package web_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// jargon matches the words of developers that a tester must not meet, and the words that
// the pages had for a thing before.
var jargon = regexp.MustCompile(`(?i)\b(un)?pin(s|ned)?\b|\bslugs?\b|\bmanifests?\b|\bobjects?\b|\boverrides?\b|\brevisions?\b|\brolled back\b|title=|` +
	`under way|\btrouble\b|take back|leave it out|what comes of it|standard version|chosen by hand|looking what is there|whose|for those who read`)

// A page for testers has no jargon, whatever state the staging is in.
func TestTestersReadNoJargon(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	title := "Another title"
	w.do(staging.Action{Verb: staging.Update, Name: "login", Title: &title})
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "warn"}, Absent: []string{"LEGACY_FLAG"}})
	w.do(staging.Action{Verb: staging.Keep, Name: "login", Reason: "a demo"})
	w.do(staging.Action{Verb: staging.Rollback, Name: "login"})
	w.do(staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Broken})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/old"})
	w.do(staging.Action{Verb: staging.Archive, Name: "old"})
	quinn := w.as("Quinn", project.RoleUser)
	for _, path := range []string{
		"/shop/", "/shop/?q=zebra", "/shop/new", "/shop/new?branch=feature/x", "/shop/archived", "/shop/about", "/shop/stagings/login", "/shop/stagings/old", "/shop/stagings/login/settings",
		"/shop/stagings/login/archive", "/shop/stagings/login/delete", "/shop/stagings/login/unpin", "/shop/stagings/old/restore", "/shop/stagings/login/extend", "/shop/stagings/login/keep",
		"/shop/stagings/login/unkeep", "/shop/stagings/login/mark", "/shop/stagings/login/restart", "/shop/bulk?verb=keep&name=login", "/shop/stagings/nothing", "/shop/activity",
		"/signin", "/signed-out",
	} {
		page := quinn.get(path)
		text := page.text()
		page.Find("main [title], main [aria-label], main [placeholder]").Each(func(_ int, s *goquery.Selection) {
			text += " " + s.AttrOr("title", "") + " " + s.AttrOr("aria-label", "") + " " + s.AttrOr("placeholder", "")
		})
		if found := jargon.FindAllString(text, -1); found != nil {
			t.Errorf("%s contains %s", path, strings.Join(found, ", "))
		}
	}
}
