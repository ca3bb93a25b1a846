package staging_test

import (
	"strings"
	"testing"
	"time"

	"octopod/generator/staging"
)

// The objects that a deletion has left come from the live tree: the Application still lists
// all objects of its last comparison.
func TestWhatADeletionHasLeft(t *testing.T) {
	held := staging.Remainder{Object: "ConfigMap/held", Finalizers: []string{"example.com/hold"}}
	pod := staging.Remainder{Object: "Pod/db-0", Owner: "StatefulSet/db", Finalizers: []string{"a/b", "c/d"}}
	namespace := staging.Remainder{Object: "Namespace/shop-login", Message: "configmaps. has 1 resource instances"}
	for _, tt := range []struct {
		name    string
		since   time.Duration
		remains *staging.Remains
		reason  string
		detail  string
	}{
		{"not known yet", 0, nil, "Removing: 12 objects left", "waits for: Deployment/backend"},
		{"objects without finalizers are on their way", time.Minute, &staging.Remains{Count: 2, Objects: []staging.Remainder{{Object: "Service/web"}}},
			"Removing: 2 objects left", "waits for: Service/web"},
		{"one finalizer", 12 * time.Minute, &staging.Remains{Count: 1, Objects: []staging.Remainder{held}},
			"Stuck for 12 min: 1 object left: ConfigMap/held waits for its finalizer example.com/hold", "ConfigMap/held waits"},
		{"of an owner", 12 * time.Minute, &staging.Remains{Count: 2, Objects: []staging.Remainder{{Object: "Service/web"}, pod}},
			"Stuck for 12 min: 2 objects left: Pod/db-0 of StatefulSet/db waits for its finalizers a/b, c/d", "Service/web, Pod/db-0"},
		{"a Namespace", 12 * time.Minute, &staging.Remains{Count: 1, Objects: []staging.Remainder{namespace}},
			"Stuck for 12 min: 1 object left: Namespace/shop-login (configmaps. has 1 resource instances)", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := running()
			began := noon.Add(-tt.since)
			o.Gone, o.App.DeletedAt, o.Remains = true, &began, tt.remains
			for len(o.App.Resources) < 12 {
				o.App.Resources = append(o.App.Resources, o.App.Resources[0])
			}
			phase, reason, detail := staging.PhaseOf(o)
			if phase != staging.PhaseDeleting || reason.String() != tt.reason || !strings.Contains(detail, tt.detail) {
				t.Errorf("got %s: %q (%q)\nwant %q (%q)", phase, reason, detail, tt.reason, tt.detail)
			}
			o.Gone = false
			if _, again, _ := staging.PhaseOf(o); again.Code != staging.ReasonReplacing || again.Cause != reason.Cause {
				t.Errorf("made again: %q", again)
			}
		})
	}
}
