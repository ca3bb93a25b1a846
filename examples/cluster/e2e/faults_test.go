//go:build cluster

package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"octopod/examples/cluster"
	"octopod/generator/staging"
)

var (
	testFaults   = flag.Bool("faults", false, "stop each part of Argo CD, and compare with the table of docs/argocd-faults.md")
	updateFaults = flag.Bool("update-faults", false, "the same, and write the table")
)

const faultsDoc = "../../../docs/argocd-faults.md"

// faults are the parts of Argo CD, how each is stopped, and how long the test observes
// what the server reports after a new commit.
var faults = []struct {
	part   cluster.Part
	how    string
	window time.Duration
}{
	{cluster.Server, "hangs", 35 * time.Second},
	{cluster.Server, "is down", 15 * time.Second},
	{cluster.RepoServer, "hangs", 50 * time.Second},
	{cluster.RepoServer, "is down", 30 * time.Second},
	{cluster.Redis, "hangs", 45 * time.Second},
	{cluster.Redis, "is down", 45 * time.Second},
	{cluster.AppSetController, "hangs", 40 * time.Second},
	{cluster.AppSetController, "is down", 40 * time.Second},
	{cluster.AppController, "is down", 45 * time.Second},
	{cluster.AppController, "hangs", 6*time.Minute + 30*time.Second},
}

// Each part of Argo CD is stopped in turn. The server answers all the time, never calls a
// commit Running that Argo CD has not applied, and recovers. The table in docs is the
// output of this test.
func TestE2EFaultsOfArgoCD(t *testing.T) {
	if !*testFaults && !*updateFaults {
		t.Skip("takes a quarter of an hour, and its times depend on the machine: make e2e-faults")
	}
	s := newShop(t, "faults")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	url := s.serve() + "/api/v1/projects/" + s.project + "/stagings/"
	var rows []string
	for i, fault := range faults {
		name := "login"
		if fault.part == cluster.AppSetController { // it creates Applications
			name = fmt.Sprint("new-", i)
		}
		s.stop(fault.part, fault.how)
		seen := s.observeCommit(name, fmt.Sprint("f", i), url, fault.window, func() { s.resume(fault.part, fault.how) })
		rows = append(rows, fmt.Sprintf("| %s %s | %s |", fault.part, fault.how, seen))
	}
	compareTable(t, "| part of Argo CD |", rows)
}

// The cluster of the stagings hangs, or ends every connection.
func TestE2EFaultsOfACluster(t *testing.T) {
	if !*testFaults && !*updateFaults {
		t.Skip("takes minutes, and its times depend on the machine: make e2e-faults")
	}
	gate := farCluster(t, "e2e-faults")
	s := newShop(t, "faults-far")
	s.configure("destination: e2e-faults")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	var rows []string
	for _, how := range []string{"hangs", "is down"} {
		url := s.serve() + "/api/v1/projects/" + s.project + "/stagings/" // a new one, which begins with a probe
		s.says(url+"login", staging.PhaseRunning, "")
		gate.set(how)
		seen := s.observeCommit("login", "f-"+how[:2], url, 2*time.Minute, func() { gate.set("") })
		// A probe is due within a minute, and two must fail: between 20 and 95 s.
		seen = strings.ReplaceAll(seen, "within 45 s", "within 2 min")
		rows = append(rows, fmt.Sprintf("| it %s | %s |", how, seen))
	}
	compareTable(t, "| cluster of the stagings |", rows)
}

// observeCommit deploys during a fault, and returns what the server reports until the fault
// is resumed. The staging must then run the commit.
func (s *shop) observeCommit(name, tag, url string, window time.Duration, resume func()) string {
	s.t.Helper()
	deployed := make(chan struct{})
	go func() { // it waits for the refresh, and notes that it failed
		defer close(deployed)
		if r, err := s.command(s.t.Context(), deployment(name, tag)...).run(); err != nil || r.code != 0 {
			s.t.Errorf("deploy: %v, %s", err, r)
		}
	}()
	seen := strings.Join(s.observe(url+name, window), " → ")
	<-deployed
	resume()
	s.t.Log(seen)
	s.reaches(name, staging.PhaseRunning)
	s.hasImage(name, tag)
	return seen
}

func (s *shop) stop(part cluster.Part, how string) {
	s.t.Helper()
	if how == "hangs" {
		if err := world.Signal(part, syscall.SIGSTOP); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	if err := world.StopPart(s.t.Context(), part); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) resume(part cluster.Part, how string) {
	s.t.Helper()
	if how == "hangs" {
		s.thaw(part)
		return
	}
	if err := world.StartPart(context.WithoutCancel(s.t.Context()), part); err != nil {
		s.t.Fatal(err)
	}
}

// observe polls a staging for a while, and returns the states in order with the time of
// the first.
func (s *shop) observe(url string, window time.Duration) (seen []string) {
	s.t.Helper()
	last, began, slowest := "", time.Now(), time.Duration(0)
	sample := time.NewTicker(250 * time.Millisecond)
	defer sample.Stop()
	for ; time.Since(began) < window; <-sample.C {
		asked := time.Now()
		status, found := s.statusAt(url)
		slowest = max(slowest, time.Since(asked))
		text := ""
		if found {
			text = string(status.Phase) + ": " + steady(status.Reason.String())
		}
		if found && status.Phase == staging.PhaseRunning {
			if len(seen) > 0 {
				s.t.Errorf("%s is Running, and Argo CD cannot have applied the commit", url)
			}
			text = "" // the commit is not there yet
		}
		if text != last && text != "" {
			seen = append(seen, fmt.Sprintf("`%s` %s", strings.ReplaceAll(text, "`", "'"), roughly(time.Since(began))))
			last = text
		}
	}
	if slowest > 5*time.Second {
		s.t.Errorf("an answer took %s", slowest)
	}
	return seen
}

// statusAt reads the status of a staging from the API.
func (s *shop) statusAt(url string) (status staging.Status, found bool) {
	s.t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var view staging.View
	if answer.StatusCode == http.StatusNotFound {
		return status, false
	}
	if err := json.NewDecoder(answer.Body).Decode(&view); err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s (%v)", url, answer.Status, err)
	}
	return view.Status, true
}

var moments = regexp.MustCompile(`\d\d:\d\d:\d\d UTC|\b\d+ (s|min|h)\b`)

// steady replaces times and durations in a sentence, which change with every run.
func steady(text string) string { return moments.ReplaceAllString(text, "…") }

// roughly rounds a duration up to a step that a busy machine meets, too.
func roughly(d time.Duration) string {
	for _, step := range []time.Duration{5 * time.Second, 20 * time.Second, 45 * time.Second} {
		if d <= step {
			return fmt.Sprintf("within %d s", int(step.Seconds()))
		}
	}
	return fmt.Sprintf("within %d min", int(d.Minutes())+1)
}

// compareTable compares the rows with the table in docs that has this first column, or
// writes it.
func compareTable(t *testing.T, first string, rows []string) {
	t.Helper()
	doc, err := os.ReadFile(faultsDoc)
	if err != nil {
		t.Fatal(err)
	}
	head := first + " what the status of a staging with a new commit says, and after how long |\n| --- | --- |\n"
	before, table, found := strings.Cut(string(doc), head)
	if !found {
		t.Fatalf("%s has no table", faultsDoc)
	}
	want := strings.Join(rows, "\n") + "\n"
	_, after, _ := strings.Cut(table, "\n\n")
	if *updateFaults {
		if err := os.WriteFile(faultsDoc, []byte(before+head+want+"\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !strings.HasPrefix(table, want) {
		t.Errorf("%s has another table; -update-faults writes this one:\n%s", faultsDoc, want)
	}
}
