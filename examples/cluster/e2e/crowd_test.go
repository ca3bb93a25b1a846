//go:build cluster

package e2e_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// A staging that Argo CD cannot render and a staging with an unreadable record
// do not affect twenty good stagings.
func TestE2EABrokenStagingDisturbsNobody(t *testing.T) {
	t.Parallel()
	s := newShop(t, "broken")
	good := s.deployMany("good", 20)
	s.deploy("bad", "v1")
	s.deploy("unread", "v1")
	s.allRun(append(good, "bad", "unread")...)
	pods := map[string]string{}
	for _, name := range good {
		pods[name] = names(s.pods(name))
	}

	s.edit("envs/bad/kustomization.yaml", "resources:", "resources: [")
	s.edit("envs/unread/staging.yaml", "spec:", "spec: [")
	if r := s.try("wait", "bad", "--timeout", patience.String()); r.code != 6 {
		t.Errorf("wait for the broken one: %s", r)
	}
	if status := s.status("unread"); status.Phase != staging.PhaseInvalid {
		t.Errorf("unread: %s", say(status))
	}
	s.deploy("good-1", "v2")
	s.deploy("late", "v1")
	s.runs("good-1", "v2")
	s.runs("late", "v1")
	for _, name := range good[1:] {
		if status := s.status(name); status.Phase != staging.PhaseRunning {
			t.Errorf("%s: %s", name, say(status))
		}
		if now := names(s.pods(name)); now != pods[name] {
			t.Errorf("pods of %s were %s and are %s", name, pods[name], now)
		}
	}
}

// Renaming the folder of the templates changes every Application at once.
func TestE2ERenamedTemplates(t *testing.T) {
	t.Parallel()
	s := newShop(t, "renamed")
	all := s.deployMany("one", 8)
	s.allRun(all...)
	s.byHand(func(work string) { testenv.Git(t, work, "mv", "templates/"+s.project, "templates/store") })
	s.edit("octopod.yaml", "  kustomize:\n", "  kustomize:\n    base: templates/store\n")
	s.octopod("regenerate", "--all")
	s.allRun(all...)
	s.deploy("one-1", "v2")
	s.runs("one-1", "v2")
}

// All of a hundred stagings in one burst reach Running.
func TestE2EBurst(t *testing.T) {
	took := newShop(t, "burst").burst()
	t.Logf("the last of 100 commits after %s, the last staging runs after %s", took.commits, took.running)
}

// writers limits the number of concurrent deploys.
const writers = 4

// deployMany creates stagings like many concurrent CI jobs, and returns their
// names.
func (s *shop) deployMany(prefix string, n int) (all []string) {
	s.t.Helper()
	var group sync.WaitGroup
	room := make(chan struct{}, writers)
	for i := range n {
		name := fmt.Sprint(prefix, "-", i+1)
		all = append(all, name)
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			if r, err := s.command(s.t.Context(), deployment(name, "v1")...).run(); err != nil || r.code != 0 {
				s.t.Errorf("deploy %s: %v, %s", name, err, r)
			}
		})
	}
	group.Wait()
	return all
}

// allRun waits until every staging is Running.
func (s *shop) allRun(all ...string) {
	s.t.Helper()
	timeout := patience + time.Duration(len(all))*5*time.Second // two cores start them one by one
	for _, name := range all {
		if r := s.try("wait", name, "--timeout", timeout.String()); r.code != 0 {
			s.t.Fatalf("octopod wait %s: %s", name, r)
		}
	}
}
