package envrepo

import (
	"context"
	"strings"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// History lists the commits that changed a staging, newest first. limit 0
// means all.
func (r *Repo) History(ctx context.Context, name string, limit int) ([]staging.Event, error) {
	entries, err := r.store.History(ctx, StagingDir(name), limit)
	if err != nil {
		return nil, err
	}
	events := make([]staging.Event, len(entries))
	for i, entry := range entries {
		events[i] = eventOf(entry)
	}
	return events, nil
}

// Activity lists the commits that changed any staging, newest first. limit 0
// means all.
func (r *Repo) Activity(ctx context.Context, limit int) ([]staging.Event, error) {
	entries, err := r.store.History(ctx, Dir, limit)
	if err != nil {
		return nil, err
	}
	events := make([]staging.Event, len(entries))
	for i, entry := range entries {
		events[i] = eventOf(entry)
		events[i].Gone = false // the folder of all stagings says nothing of one
	}
	return events, nil
}

// eventOf reads a commit back. One without Octopod's trailers was made by hand.
func eventOf(entry gitstore.Entry) staging.Event {
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
		Gone:     entry.Tree.IsZero(),
	}
	if via := trailers[trailerVia]; via != "" {
		event.Via = staging.Via(via)
	}
	return event
}

// parseTrailers reads the last paragraph of a message. `git revert` quotes
// only the reverted subject, so a revert never carries Octopod's trailers.
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
