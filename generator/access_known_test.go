package generator_test

import (
	"context"
	"sync"
	"testing"

	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// An actor reads only permitted stagings from the feed: in the list, by name, and in a
// subscription, deletions included.
func TestFeedIsFilteredByRights(t *testing.T) {
	w := restricted(t)
	w.do(staging.Action{Verb: staging.Create, Branch: "feature/other"})
	stagings, _, clock := withArgo(t, w)
	feed := live.NewFeed(stagings, clock.Now)
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
	var work sync.WaitGroup
	work.Go(func() { feed.Run(ctx) })
	defer work.Wait()
	defer cancel()
	catchUp := func() {
		if err := feed.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
	}
	catchUp()
	p, err := stagings.Project(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := stagings.As(rights.Actor{Rights: testRights{role: project.RoleViewer, name: "login"}}, feed).Known(p)
	entries, _ := known.Entries()
	if entries.Len() != 1 || known.View(entries.At(0)).Metadata.Name != "login" {
		t.Errorf("listed: %d", entries.Len())
	}
	if known.Named("login") == nil || known.Named("other") != nil || known.Named("none") != nil {
		t.Error("by name: more or less than login")
	}
	next, err := known.Follow(ctx, known.Sequence())
	if err != nil {
		t.Fatal(err)
	}
	w.do(staging.Action{Verb: staging.Delete, Name: "other"})
	catchUp()
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	catchUp()
	u, err := next(ctx)
	if err != nil || u.Name != "login" || u.Kind != live.Modified {
		t.Errorf("followed: %s %s, %v", u.Kind, u.Name, err)
	}
}
