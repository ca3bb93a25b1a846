package live

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"octopod/generator/staging"
)

// told is a Watcher that sends a list of events, and then nothing more.
type told []after

// after is an event, and the time before it.
type after struct {
	time.Duration
	Event
}

func (o told) Watch(ctx context.Context, _ staging.Query, handle func(Event)) error {
	for _, next := range o {
		select {
		case <-time.After(next.Duration):
			handle(next.Event)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func is(phase staging.Phase) Event {
	s := staging.Staging{Name: "login", Spec: staging.Spec{State: staging.Active}}
	return Event{Kind: Modified, Staging: staging.View{Document: s.Document(), Status: staging.Status{Phase: phase, Reason: staging.Reason{Words: "so it is"}}}}
}

// A wait that times out reports the state of the staging, also where its time is too short
// for the first look at a staging.
func TestWaitThatRunsOut(t *testing.T) {
	for _, tt := range []struct {
		name     string
		event    Event
		after    time.Duration // the first look takes
		timeout  time.Duration
		code     staging.Code
		says     string
		duration time.Duration
	}{
		{"under way", is(staging.PhaseCreating), time.Second, time.Minute, staging.CodeTimeout, "login is not running after 1m0s; it is Creating", time.Minute},
		{"unknown", is(staging.PhaseUnknown), time.Second, time.Minute, staging.CodeUnavailable, "login is not known to be running after 1m0s", time.Minute},
		{"seen late", is(staging.PhaseUnknown), 9 * time.Second, time.Second, staging.CodeUnavailable, "not known to be running after 1s", 9 * time.Second},
		{"seen late, runs", is(staging.PhaseRunning), 9 * time.Second, time.Second, "", "", 9 * time.Second},
		{"never seen", Event{}, time.Hour, time.Second, staging.CodeTimeout, "nothing is known of login after 30s", 30 * time.Second},
		{"never seen in a long time", Event{}, time.Hour, time.Minute, staging.CodeTimeout, "nothing is known of login after 1m0s", time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := Wait(t.Context(), told{{tt.after, tt.event}}, WaitRequest{Name: "login", For: ForRunning, Timeout: tt.timeout}, func(staging.View) {})
				if (err != nil) != (tt.code != "") || err != nil && (staging.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says)) {
					t.Errorf("%s: %v; want %s: %s", staging.CodeOf(err), err, tt.code, tt.says)
				}
				if took := time.Since(began); took != tt.duration {
					t.Errorf("it took %s, want %s", took, tt.duration)
				}
			})
		})
	}
}

// Pods that start together fail and recover; only a failure that lasts counts.
func TestWaitThroughAFailure(t *testing.T) {
	const short, long = graceForFailure - time.Second, graceForFailure + time.Second
	for _, tt := range []struct {
		name   string
		events told
		code   staging.Code
	}{
		{"recovers", told{{0, is(staging.PhaseFailed)}, {short, is(staging.PhaseRunning)}}, ""},
		{"recovers twice", told{{0, is(staging.PhaseFailed)}, {short, is(staging.PhaseUpdating)}, {short, is(staging.PhaseDegraded)}, {short, is(staging.PhaseRunning)}}, ""},
		{"lasts", told{{0, is(staging.PhaseDegraded)}, {short, is(staging.PhaseFailed)}, {short, is(staging.PhaseRunning)}}, staging.CodeFailed},
		{"recovers too late", told{{0, is(staging.PhaseFailed)}, {long, is(staging.PhaseRunning)}}, staging.CodeFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := Wait(t.Context(), tt.events, WaitRequest{Name: "login", For: ForRunning}, func(staging.View) {})
				if (err != nil) != (tt.code != "") || err != nil && staging.CodeOf(err) != tt.code {
					t.Errorf("got %v, want %s", err, tt.code)
				}
			})
		})
	}
}

// A wait ends with its context, as the one who waits ends it.
func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := Wait(ctx, told{{time.Hour, Event{}}}, WaitRequest{Name: "login", For: ForRunning, Timeout: time.Minute}, func(staging.View) {})
		if err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
	})
}
