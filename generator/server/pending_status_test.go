package server

import (
	"testing"

	"octopod/generator/auth"
	"octopod/generator/live"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// A commit status that one server leaves pending does not stay so: the next server ends it
// when a newer commit has replaced it, when the staging is gone or archived, and gives the
// result when the commit runs.
func TestAPendingStatusEndsAfterARestart(t *testing.T) {
	newer, archived, runs := view("2", "Updating"), view("1", "Archived"), view("1", "Running")
	newer.Staging.Spec.Services = map[string]staging.Service{}
	archived.Staging.Spec.State = staging.Archived
	for name, tt := range map[string]struct {
		meanwhile []live.Event
		states    string
	}{
		"replaced": {[]live.Event{newer, all}, "pending error"}, "gone": {[]live.Event{all}, "pending error"},
		"archived": {[]live.Event{archived, all}, "pending error"}, "runs": {[]live.Event{runs, all}, "pending success"},
		"still pending": {[]live.Event{view("1", "Updating"), all}, "pending"},
	} {
		t.Run(name, func(t *testing.T) {
			gitea, url := newTracker(t)
			servers := newReplicas(t, Config{
				Forges: []ForgeConfig{{Host: "git.example.com", Kind: kindGitea, API: url, Token: auth.Secret{Env: "TOKEN"}}},
			}, map[string]string{"TOKEN": "x"})
			first := servers.start("  notify: [{to: commit}]\n")
			first.happens(all, view("1", "Updating"))
			testenv.Eventually(t, "the status is pending, and recorded", func() (string, bool) {
				_, states := gitea.seen()
				return states, states == "pending" && first.idle()
			})
			first.kill()
			next := servers.start("  notify: [{to: commit}]\n")
			next.happens(tt.meanwhile...)
			testenv.Eventually(t, "the status follows", func() (string, bool) {
				_, states := gitea.seen()
				return states, states == tt.states && next.idle()
			})
		})
	}
}

// idle reports whether a server has nothing left to deliver.
func (r *replica) idle() bool {
	r.sends.mu.Lock()
	defer r.sends.mu.Unlock()
	return len(r.sends.items) == 0
}
