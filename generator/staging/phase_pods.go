package staging

import (
	"slices"
	"strings"
)

// pods finds failures minutes before the health does: a Deployment whose pods
// crash is Progressing until its deadline. A workload of which no pod works has failed; one
// of which some do is degraded.
func pods(o Observation) verdict {
	var partly verdict
	for _, p := range o.Pods {
		if p.Health != "Degraded" {
			continue
		}
		reason, detail := o.failureOf(p), strings.TrimSuffix(p.Name+": "+p.Status+": "+p.Message, ": ")
		switch {
		case !o.works(p.Workload):
			return verdict{PhaseFailed, reason, detail}
		case partly == verdict{}:
			reason.Count, reason.Total = o.countPods(p.Workload)
			partly = verdict{PhaseDegraded, reason, detail}
		}
	}
	return partly
}

// failureOf is the reason of a degraded pod, with what its events say.
func (o Observation) failureOf(p Pod) Reason {
	r := p.failure()
	r.EarlierServes = p.Earlier > 0
	if r.Code != ReasonCrash { // the events of a crash say that it crashes
		r.Cause = o.warned(p.Workload)
	}
	return r
}

// works reports whether any pod of a workload is healthy.
func (o Observation) works(workload string) bool {
	return slices.ContainsFunc(o.Pods, func(p Pod) bool { return p.Workload == workload && p.Health == "Healthy" })
}

// countPods counts the degraded pods of a workload, and all of them.
func (o Observation) countPods(workload string) (degraded, all int) {
	for _, p := range o.Pods {
		if p.Workload != workload {
			continue
		}
		if all++; p.Health == "Degraded" {
			degraded++
		}
	}
	return degraded, all
}

// starting is the verdict while not everything is ready. A start that takes very long,
// and whose events have a cause, is stuck: a StatefulSet, for example, has no deadline of its own.
func (o Observation) starting() verdict {
	ready, total := o.App.ready()
	r := Reason{Code: ReasonStarting, Count: ready, Total: total, For: o.since(patienceToStart), Cause: o.warned("")}
	r.EarlierServes = slices.ContainsFunc(o.Pods, func(p Pod) bool { return p.Earlier > 0 })
	if stuck := o.since(patienceToBeReady); stuck > 0 && r.Cause != "" {
		r.Code = ReasonStuck
		return verdict{PhaseDegraded, r, o.App.unhealthy()}
	}
	if r.For == 0 {
		r.EarlierServes = false // as in every rollout
	}
	return verdict{o.transient(), r, o.App.unhealthy()}
}
