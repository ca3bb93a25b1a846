//go:build cluster

package e2e_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// Each engine with each output: create, change and delete a staging.
func TestE2EEveryEngineAndOutput(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, engine, output string }{
		{"ks", "kustomize", "source"}, {"kr", "kustomize", "rendered"},
		{"js", "jsonnet", "source"}, {"jr", "jsonnet", "rendered"},
	} {
		t.Run(tt.engine+"/"+tt.output, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, tt.name, "--engine", tt.engine, "--output-mode", tt.output)
			s.deploy("login", "v1", "--wait", "--timeout", patience.String())
			s.hasImage("login", "v1")
			s.deploy("login", "v2", "--wait", "--timeout", patience.String())
			s.hasImage("login", "v2")
			s.octopod("delete", "login", "--yes")
			s.waits("login", "deleted")
		})
	}
}

// An archived staging has no pods and keeps its claims and its data; a
// restored one has the template's counts and the overrides', and its data.
func TestE2EArchiveAndRestore(t *testing.T) {
	t.Parallel()
	s := newShop(t, "archive")
	s.deploy("login", "v1", "--set", "backend.replicas=2")
	s.runs("login", "v1")
	counts := map[string]int{"backend": 2, "frontend": 1, "postgres": 1}
	if got := s.replicas("login"); !maps.Equal(got, counts) {
		t.Fatalf("replicas: %v", got)
	}
	data, uid := s.writeData("login")

	s.octopod("archive", "login")
	s.waits("login", "archived")
	if pods := s.pods("login"); len(pods) > 0 {
		t.Errorf("it is archived and has %d pods", len(pods))
	}
	s.hasData("login", data, uid)

	s.octopod("restore", "login")
	s.runs("login", "v1")
	if got := s.replicas("login"); !maps.Equal(got, counts) {
		t.Errorf("replicas after the restore: %v", got)
	}
	s.hasData("login", data, uid)
}

// writeData writes a file to the volume of a staging, like its database.
func (s *shop) writeData(name string) (file, uid string) {
	s.t.Helper()
	var volume string
	testenv.Eventually(s.t, "the claim of "+name+" has a volume", func() (string, bool) {
		volumes := s.volumes(name)
		if len(volumes) == 1 {
			volume, uid = volumes[0].Spec.HostPath.Path, string(volumes[0].UID)
		}
		return fmt.Sprint(len(volumes), " volumes"), volume != ""
	})
	file = filepath.Join(volume, "data")
	if err := os.WriteFile(file, []byte("orders"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file, uid
}

func (s *shop) hasData(name, file, uid string) {
	s.t.Helper()
	volumes := s.volumes(name)
	if len(volumes) != 1 || string(volumes[0].UID) != uid || volumes[0].Status.Phase != "Bound" {
		s.t.Errorf("the volume is another: %v", volumes)
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "orders" {
		s.t.Errorf("the data are lost: %q, %v", data, err)
	}
}

// A deleted staging leaves nothing behind, and does not affect others.
func TestE2EDeleteLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t, "delete")
	s.deploy("login", "v1")
	s.deploy("stays", "v1")
	s.runs("login", "v1")
	s.runs("stays", "v1")
	data, _ := s.writeData("login")
	pods := names(s.pods("stays"))

	s.octopod("delete", "login", "--yes")
	s.waits("login", "deleted")
	if _, there := s.application("login"); there {
		t.Error("wait returned and there is an Application")
	}
	testenv.Eventually(s.t, "nothing is left of login", func() (string, bool) { left := s.left("login"); return left, left == "" })
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("its data are still there: %v", err)
	}
	if now := names(s.pods("stays")); now != pods {
		t.Errorf("pods of stays were %s and are %s", pods, now)
	}
	if r := s.try("get", "login"); r.code != 3 {
		t.Errorf("get of a deleted staging: %s", r)
	}
}

// A rollback restores the earlier version, and so does a plain `git revert`.
func TestE2ERollback(t *testing.T) {
	t.Parallel()
	s := newShop(t, "rollback")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	s.deploy("login", "v2")
	s.runs("login", "v2")
	s.octopod("rollback", "login")
	s.runs("login", "v1")
	if r := s.try(deployment("login", "v3")...); r.code != 4 {
		t.Errorf("a rolled back staging is pinned, and yet: %s", r)
	}
	s.octopod("unpin", "login")
	if told := s.octopod("history", "login"); len(regexp.MustCompile(`(?m)applied after \d+s$`).FindAllString(told, -1)) != 3 {
		t.Errorf("three versions were applied, and the history says:\n%s", told)
	}
	s.deploy("login", "v3")
	s.runs("login", "v3")
	s.byHand(func(work string) { testenv.Git(t, work, "revert", "--no-commit", "HEAD") })
	testenv.Eventually(s.t, "the old image is live again", func() (string, bool) {
		status := s.status("login")
		return say(status), status.Services["backend"].Wanted == image("v1")
	})
	s.runs("login", "v1")
	if status := s.status("login"); status.Phase != staging.PhaseRunning {
		t.Error(say(status))
	}
}
