package envrepo

import (
	"context"
	"strings"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// History lists the commits that changed a staging, newest first. A limit of 0 means
// all.
func (r *Repo) History(ctx context.Context, name string, limit int) ([]staging.Event, error) {
	return r.history(ctx, staging.Dir(name), limit)
}

// TemplateHistory lists the commits that changed a directory of templates, newest first.
// A limit of 0 means all.
func (r *Repo) TemplateHistory(ctx context.Context, dir string, limit int) ([]staging.Event, error) {
	events, err := r.history(ctx, dir, limit)
	for i := range events {
		events[i].Template, events[i].Gone, events[i].Tree = true, false, ""
	}
	return events, err
}

func (r *Repo) history(ctx context.Context, path string, limit int) ([]staging.Event, error) {
	entries, err := r.store.History(ctx, path, limit)
	if err != nil {
		return nil, err
	}
	events := make([]staging.Event, len(entries))
	for i, entry := range entries {
		events[i] = eventOf(entry)
	}
	return events, nil
}

// TreeAt returns the git hash of a staging's directory at a revision, like Event.Tree.
// It is "" when the staging did not exist or the repository does not have the
// revision.
func (r *Repo) TreeAt(ctx context.Context, name, revision string) (string, error) {
	hash, err := r.store.HashAt(ctx, revision, staging.Dir(name))
	if err != nil || hash.IsZero() {
		return "", err
	}
	return hash.String(), nil
}

// ContentChangedAt returns when a staging's content last changed (see Tree.ContentHash), zero for
// a staging that never existed. It skips commits that changed only the record.
func (r *Repo) ContentChangedAt(ctx context.Context, name string) (time.Time, error) {
	for limit := 4; ; limit *= 4 {
		entries, err := r.store.History(ctx, staging.Dir(name), limit)
		if err != nil || len(entries) == 0 {
			return time.Time{}, err
		}
		n, err := r.countSameContent(ctx, entries)
		if err != nil || n < len(entries) || len(entries) < limit {
			return entries[max(n, 1)-1].When, err
		}
	}
}

// countSameContent counts the newest entries that have the same content.
func (r *Repo) countSameContent(ctx context.Context, entries []gitstore.HistoryEntry) (int, error) {
	var newest string
	for i, entry := range entries {
		now, err := hashString(r.store.HashWithout(ctx, entry.Tree, staging.RecordFile))
		if err != nil {
			return i, err
		}
		if i == 0 {
			newest = now
		} else if now != newest {
			return i, nil
		}
	}
	return len(entries), nil
}

// Activity lists the commits that changed any staging, newest first. A limit of 0
// means all.
func (r *Repo) Activity(ctx context.Context, limit int) ([]staging.Event, error) {
	events, err := r.history(ctx, staging.EnvsDir, limit)
	for i := range events {
		events[i].Gone, events[i].Tree = false, "" // the entry is that of all stagings, not of one
	}
	return events, err
}

// maxTryAge and maxTries limit how far back FindByKey searches.
const (
	maxTryAge = time.Hour
	maxTries  = 1000
)

// FindByKey finds the commit of an earlier try of a request: same key, same person. It
// searches the last thousand commits of the last hour.
func (t *Tree) FindByKey(ctx context.Context, key string, by staging.Person) (found staging.Event, ok bool, err error) {
	seen, newest, author := 0, t.Time(), gitstore.Identity{Name: by.Name, Email: by.Email}.Normalized()
	err = t.WalkHistory(ctx, func(entry gitstore.HistoryEntry) bool {
		if e := eventOf(entry); e.Key == key && entry.Author == author {
			found, ok = e, true
		}
		seen++
		return !ok && seen < maxTries && newest.Sub(entry.When) < maxTryAge
	})
	return found, ok, err
}

// eventOf decodes a commit. One without Octopod's trailers was made by hand.
func eventOf(entry gitstore.HistoryEntry) staging.Event {
	subject, _, _ := strings.Cut(entry.Message, "\n")
	trailers := parseTrailers(entry.Message)
	event := staging.Event{
		Revision: entry.Revision.String(),
		Staging:  trailers[trailerStaging],
		At:       entry.When,
		By:       staging.Person{Name: entry.Author.Name, Email: entry.Author.Email},
		Via:      staging.ViaGit,
		Verb:     staging.Verb(trailers[trailerAction]),
		Subject:  subject,
		Request:  trailers[trailerRequest],
		Key:      trailers[trailerKey],
		Requests: trailers[trailerRequests],
		Tree:     entry.Tree.String(),
		Gone:     entry.Tree.IsZero(),
	}
	if via := trailers[trailerVia]; via != "" {
		event.Via = staging.Via(via)
	}
	return event
}

// parseTrailers reads the last paragraph of a message. `git revert` quotes only the
// subject, so a revert has none of Octopod's trailers.
func parseTrailers(message string) map[string]string {
	message = strings.TrimSpace(message)
	last := message[strings.LastIndex(message, "\n\n")+1:]
	trailers := map[string]string{}
	for line := range strings.Lines(last) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			trailers[key] = value
		}
	}
	return trailers
}
