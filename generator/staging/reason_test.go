package staging_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"octopod/generator/staging"
)

// Each reason has a sentence for engineers, and one for testers or none.
func TestReasonWords(t *testing.T) {
	type r = staging.Reason
	titles := map[string]string{"backend": "API", "frontend": "Shop"}
	for _, tt := range []struct {
		reason             staging.Reason
		engineers, testers string
	}{
		{r{}, "", ""},
		{r{Code: staging.ReasonRunning}, "Everything runs", "Everything runs"},
		{r{Code: staging.ReasonArchived}, "No pod runs; data are kept", ""},
		{r{Code: staging.ReasonCommitNotSeen}, "Waiting for Argo CD to see the commit", ""},
		{r{Code: staging.ReasonChangeNotSeen}, "Waiting for Argo CD to see the change", ""},
		{r{Code: staging.ReasonChangeNotSeen, For: 53 * time.Hour}, "Argo CD has not seen the commit for 53 h", "Nothing has happened for 53 h"},
		{r{Code: staging.ReasonRemovalNotSeen, For: 40 * time.Second}, "Argo CD has not seen the commit for 40 s", "Stuck for 40 s"},
		{r{Code: staging.ReasonRemoving, Count: 1}, "Removing: 1 object left", ""},
		{r{Code: staging.ReasonRemoving, Count: 2, For: 12 * time.Minute}, "Stuck for 12 min: 2 objects left", "Stuck for 12 min"},
		{r{Code: staging.ReasonRetrying, Count: 2}, "Applying the change failed and is tried again (2)", "Applying the change failed and is tried again (2)"},
		{r{Code: staging.ReasonStarting}, "Starting", "Starting"},
		{r{Code: staging.ReasonStarting, Count: 1, Total: 2, For: time.Hour}, "Starting: 1 of 2 parts ready, for 60 min now", "Starting: 1 of 2 parts ready, for 60 min now"},
		{r{Code: staging.ReasonStarting, Parts: "backend"}, "Starting backend", "Starting API"},
		{r{Code: staging.ReasonStopping}, "Pods are still stopping", ""},
		{r{Code: staging.ReasonStopping, Count: 2, For: 3 * time.Minute}, "2 pods still stopping, for 3 min now", "Stuck for 3 min"},
		{r{Code: staging.ReasonCrash, Parts: "backend"}, "backend keeps crashing", "API keeps crashing"},
		{r{Code: staging.ReasonImageMissing, Parts: "backend", Images: "x:1"}, "The image x:1 of backend does not exist or cannot be read", "The version of API that should run cannot be found"},
		{r{Code: staging.ReasonConfigMissing, Parts: "backend"}, "backend cannot start: something that it is configured with does not exist", "API cannot start: something that it needs is missing"},
		{r{Code: staging.ReasonUnhealthy}, "Something does not work", "Something does not work"},
		{r{Code: staging.ReasonUnhealthy, Parts: "Deployment/backend"}, "Deployment/backend does not work", "API does not work"},
		{r{Code: staging.ReasonUnhealthy, Parts: "StatefulSet/db,Pod/web-1"}, "StatefulSet/db, Pod/web-1 do not work", "db, web-1 do not work"},
		{r{Code: staging.ReasonWrongImage, Parts: "backend,frontend"}, "The wanted image of backend, frontend does not run", "The wrong version of API and Shop is running"},
		{r{Code: staging.ReasonApplyFailed}, "The change could not be applied", "The change could not be applied"},
		{r{Code: staging.ReasonRenderFailed}, "Argo CD cannot render what is committed", ""},
		{r{Code: staging.ReasonTeardownDone}, "The teardown is done", ""},
		{r{Code: staging.ReasonArgoCDUnreachable, Since: noon}, "Unknown since 12:00:00 UTC: Argo CD cannot be asked", ""},
		{r{Code: staging.ReasonRunning, Awaiting: "backend,frontend"}, "Everything runs; waiting for the image of backend and frontend", "Everything runs; the new version of API and Shop is still being built"},
		{r{Awaiting: "backend"}, "Waiting for the image of backend", "The new version of API is still being built"},
		{r{Words: "as an older Octopod said it"}, "as an older Octopod said it", ""},
	} {
		if got := tt.reason.String(); got != tt.engineers {
			t.Errorf("%+v for engineers: %q, want %q", tt.reason, got, tt.engineers)
		}
		if got := tt.reason.Plain(titles); got != tt.testers {
			t.Errorf("%+v for testers: %q, want %q", tt.reason, got, tt.testers)
		}
	}
}

// Every reason that PhaseOf returns has a sentence.
func TestEveryReasonHasWords(t *testing.T) {
	for p := (&pick{}); ; {
		o, _ := combination(p)
		if _, reason, _ := staging.PhaseOf(o); reason.Code == "" || reason.String() == "" {
			t.Fatalf("%+v has no words, for %s", reason, describe(o))
		}
		if !p.next() {
			return
		}
	}
}

// The name of a service may contain a word of Kubernetes or git.
func TestPlainForAnyServiceName(t *testing.T) {
	for _, name := range []string{"image-resizer", "record-service", "replica-reader", "object-store", "commit-bot", "container-ui"} {
		for _, code := range []staging.ReasonCode{
			staging.ReasonCrash, staging.ReasonImageMissing, staging.ReasonConfigMissing, staging.ReasonUnhealthy, staging.ReasonStarting, staging.ReasonWrongImage,
		} {
			if got := (staging.Reason{Code: code, Parts: staging.NamesOf(name)}).Plain(nil); !strings.Contains(got, name) {
				t.Errorf("%s of %s: testers read %q", code, name, got)
			}
		}
	}
}

// JSON contains the sentence for engineers. A sentence from an older Octopod stays as it
// is.
func TestReasonInJSON(t *testing.T) {
	written, err := json.Marshal(staging.Status{Phase: staging.PhaseFailed, Reason: staging.Reason{Code: staging.ReasonCrash, Parts: "backend"}})
	const old = `{"phase":"Failed","reason":"backend keeps crashing"}`
	if err != nil || string(written) != old {
		t.Errorf("%s, want %s (%v)", written, old, err)
	}
	var rollout staging.Rollout
	if err := json.Unmarshal([]byte(old), &rollout); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(rollout); err != nil || string(again) != old {
		t.Errorf("%s, want %s (%v)", again, old, err)
	}
	if none, err := json.Marshal(staging.Rollout{}); err != nil || string(none) != "{}" {
		t.Errorf("without a reason: %s (%v)", none, err)
	}
}

// The sweep removes a record because of the code of the reason, not of its words.
func TestTeardownDone(t *testing.T) {
	for _, tt := range []struct {
		status staging.Status
		want   bool
	}{
		{staging.Status{Phase: staging.PhaseDeleting, Reason: staging.Reason{Code: staging.ReasonTeardownDone}}, true},
		{staging.Status{Phase: staging.PhaseDeleting, Reason: staging.Reason{Code: staging.ReasonTeardownDone, Words: "reworded"}}, true},
		{staging.Status{Phase: staging.PhaseDeleting, Reason: staging.Reason{Words: "The teardown is done"}}, false},
		{staging.Status{Phase: staging.PhaseDeleting, Reason: staging.Reason{Code: staging.ReasonTeardownRuns}}, false},
		{staging.Status{Phase: staging.PhaseFailed, Reason: staging.Reason{Code: staging.ReasonTeardownFailed}}, false},
	} {
		if got := tt.status.TeardownDone(); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.status, got, tt.want)
		}
	}
}

// A lasting reason changes in coarse steps, not with every observation.
func TestReasonsAreSteady(t *testing.T) {
	o := running()
	o.App.Health, o.App.Operation.FinishedAt = "Progressing", noon.Add(-30*time.Minute)
	_, first, _ := staging.PhaseOf(o)
	o.Now = noon.Add(50 * time.Second)
	if _, second, _ := staging.PhaseOf(o); second != first {
		t.Errorf("%+v became %+v within the same minute", first, second)
	}
}

func TestNames(t *testing.T) {
	if got := staging.NamesOf("b").With("a", "b"); got != "a,b" {
		t.Errorf("got %q", got)
	}
	if got := staging.NamesOf().List(); got != nil {
		t.Errorf("got %q", got)
	}
}
