package staging_test

import (
	"reflect"
	"testing"
	"time"

	"octopod/generator/staging"
)

// version returns the event of a version with a tree.
func version(verb staging.Verb, held string, minute int) staging.Event {
	return staging.Event{Verb: verb, Tree: held, At: noon.Add(time.Duration(minute) * time.Minute)}
}

// minute returns the time n minutes after noon.
func minute(n int) *time.Time {
	at := noon.Add(time.Duration(n) * time.Minute)
	return &at
}

// applied returns the record of a sync by Argo CD.
func applied(held string, at int) staging.RolloutRecord {
	return staging.RolloutRecord{Tree: held, At: *minute(at), Rollout: staging.Rollout{Applied: minute(at)}}
}

// watched returns the record of a watch.
func watched(held string, at int, phase staging.Phase) staging.RolloutRecord {
	return staging.RolloutRecord{Tree: held, At: *minute(at), Rollout: staging.Rollout{Phase: phase, Running: minute(at), Reason: staging.Reason{Code: staging.ReasonCrash}}}
}

func TestAttachRollouts(t *testing.T) {
	const deploy, mark = staging.Deploy, staging.Mark
	in := func(at int) *staging.Rollout { return &staging.Rollout{Applied: minute(at)} }
	tests := []struct {
		name   string
		events []staging.Event // newest first
		past   []staging.RolloutRecord
		want   []*staging.Rollout
	}{
		{"nothing is remembered", []staging.Event{version(deploy, "a", 1)}, nil, []*staging.Rollout{nil}},
		{"each version its own", []staging.Event{version(deploy, "b", 10), version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("a", 2), applied("b", 12)}, []*staging.Rollout{in(12), in(2)}},
		{"the first sync of a version counts", []staging.Event{version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("a", 2), applied("a", 50)}, []*staging.Rollout{in(2)}},
		{"another version is none of these", []staging.Event{version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("z", 2), applied("", 3)}, []*staging.Rollout{nil}},
		{"what came back is told apart by its time", []staging.Event{version(deploy, "a", 20), version(deploy, "b", 10), version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("a", 2), applied("a", 21)}, []*staging.Rollout{in(21), nil, in(2)}},
		{"clocks that differ a little", []staging.Event{version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("a", 0)}, []*staging.Rollout{in(0)}},
		{"a mark rolls nothing out", []staging.Event{version(mark, "a2", 10), version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("a2", 11)}, []*staging.Rollout{nil, in(11)}},
		{"a staging of the same name before", []staging.Event{version(deploy, "a", 20), {Verb: staging.Delete, Gone: true, At: *minute(10)}, version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("a", 21)}, []*staging.Rollout{in(21), nil, nil}},
		{"what ran before the staging was made anew", []staging.Event{version(deploy, "b", 20), {Verb: staging.Delete, Gone: true, At: *minute(10)}, version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("a", 30)}, []*staging.Rollout{nil, nil, nil}},
		{"a mark whose version is not in sight", []staging.Event{version(mark, "a", 10)},
			[]staging.RolloutRecord{applied("a", 11)}, []*staging.Rollout{nil}},
		{"Argo CD says when, the watch says how", []staging.Event{version(deploy, "a", 1)},
			[]staging.RolloutRecord{applied("a", 2), watched("a", 3, staging.PhaseFailed)},
			[]*staging.Rollout{{Applied: minute(2), Running: minute(3), Phase: staging.PhaseFailed, Reason: staging.Reason{Code: staging.ReasonCrash}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			told := staging.AttachRollouts(test.events, test.past)
			for i, e := range told {
				if !reflect.DeepEqual(e.Rollout, test.want[i]) {
					t.Errorf("event %d: %+v, want %+v", i, e.Rollout, test.want[i])
				}
				if test.events[i].Rollout != nil {
					t.Errorf("event %d that was given is changed", i)
				}
			}
		})
	}
}

// The oldest sync in the history of Argo CD may repeat an earlier one.
func TestRolloutRecords(t *testing.T) {
	at := func(number int64) staging.Deployment {
		return staging.Deployment{Number: number, Revision: string(rune('a' + number)), FinishedAt: noon}
	}
	for name, test := range map[string]struct {
		all  []staging.Deployment
		want string
	}{
		"none":              {nil, ""},
		"from the first on": {[]staging.Deployment{at(0), at(1)}, "ab"},
		"not the first":     {[]staging.Deployment{at(3), at(4), at(5)}, "ef"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for _, m := range staging.RolloutRecords(test.all) {
				got += m.Revision
			}
			if got != test.want {
				t.Errorf("remembered %q, want %q", got, test.want)
			}
		})
	}
}
