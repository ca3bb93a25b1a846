package staging

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of free texts, in characters. A list shows every title and every reason, so
// one long text would slow down the lists of everybody.
const (
	MaxTitle  = 200
	MaxReason = 2000
	MaxNote   = 2000
	maxName   = 500 // of a branch, a repository, a revision, the title or the author of a pull request
	maxURL    = 2000
)

// CheckText returns an error for a text with control characters, or with more
// characters than the limit. The error does not contain the text.
func CheckText(text string, limit int) error {
	switch {
	case !utf8.ValidString(text):
		return fmt.Errorf("is not valid UTF-8")
	case strings.ContainsFunc(text, isControl):
		return fmt.Errorf("contains a line break or a control character: write it in one line")
	case len(text) > limit && utf8.RuneCountInString(text) > limit:
		return fmt.Errorf("is longer than %d characters", limit)
	}
	return nil
}

// isControl reports whether a character changes the place or the direction of the text
// around it: a line break, a control character, or an override of the direction, with
// which a title reads as another one.
func isControl(r rune) bool {
	switch {
	case r == '\u2028', r == '\u2029', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return true
	}
	return unicode.IsControl(r)
}

// CheckTexts returns an error with every free text of the action that is too long or
// contains control characters. Values of settings have the limits of their parameters.
func (a Action) CheckTexts() error {
	var problems []Problem
	check := func(field, text string, limit int) {
		if err := CheckText(text, limit); err != nil {
			problems = append(problems, Problem{Field: field, Message: err.Error()})
		}
	}
	if a.Title != nil {
		check("title", *a.Title, MaxTitle)
	}
	check("reason", strings.TrimSpace(a.Reason), MaxReason)
	check("note", strings.TrimSpace(a.Note), MaxNote)
	check("branch", a.Branch, maxName)
	check("repository", a.Repository, maxURL)
	check("to", a.To, maxName)
	check("seed", a.Seed, maxName)
	check("label", a.Label, maxName)
	check("migrations", a.Migrations, maxName)
	if r := a.PullRequest; r != nil {
		check("pullRequest.title", r.Title, maxName)
		check("pullRequest.author", r.Author, maxName)
		check("pullRequest.url", r.URL, maxURL)
	}
	for name, build := range a.Images {
		check("images."+Shorten(name, MaxTitle)+".commit", build.Commit, maxName)
		check("images."+Shorten(name, MaxTitle)+".repository", build.Repository, maxURL)
		check("images."+Shorten(name, MaxTitle)+".run.pipeline", build.Run.Pipeline, maxURL)
	}
	return Invalid("the text is not valid", problems)
}

// Shorten returns a text with at most limit characters; the last one of a shortened
// text is "…".
func Shorten(text string, limit int) string {
	if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	n := 0
	for i := range text {
		if n++; n == limit {
			return text[:i] + "…"
		}
	}
	return text
}

// OneLine returns a text of another system as CheckText accepts it: without control
// characters and at most limit characters long.
func OneLine(text string, limit int) string {
	clean := strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	return Shorten(clean, limit)
}

// Shortened returns the pull request of another system with texts that CheckTexts
// accepts: its title must not keep a branch from its staging.
func (r PullRequest) Shortened() PullRequest {
	r.Title, r.Author = OneLine(r.Title, maxName), OneLine(r.Author, maxName)
	if CheckText(r.URL, maxURL) != nil {
		r.URL = "" // a part of an address leads nowhere
	}
	return r
}

// Shortened returns the document for display. A record that was committed before there
// were limits may contain texts of any length.
func (d Document) Shortened() Document {
	d.Metadata.Title = Shorten(d.Metadata.Title, MaxTitle)
	s := &d.Spec
	if r := s.PullRequest; r != nil && len(r.Title)+len(r.Author)+len(r.URL) > maxName {
		short := r.Shortened()
		s.PullRequest = &short
	}
	s.Pinned = shortReason(s.Pinned, func(p *Pin) *string { return &p.Reason }, MaxReason)
	s.Kept = shortReason(s.Kept, func(k *Protection) *string { return &k.Reason }, MaxReason)
	s.Since = shortReason(s.Since, func(t *Transition) *string { return &t.Reason }, MaxReason)
	s.Tested = shortReason(s.Tested, func(t *Test) *string { return &t.Note }, MaxNote)
	return d
}

// shortReason returns the part of a record with one text shortened. The original is
// shared and is not modified.
func shortReason[T any](part *T, text func(*T) *string, limit int) *T {
	if part == nil || len(*text(part)) <= limit {
		return part
	}
	short := *part
	*text(&short) = Shorten(*text(&short), limit)
	return &short
}
