package web

import (
	"slices"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
)

// cleanUp is what this server swept last, and when it does again.
type cleanUp struct {
	Rules    bool    // octopod.yaml says something of the lifecycle
	Next     *moment // nil: no loop runs here
	Last     *moment // nil: it has not run yet
	By       string
	Failed   string // why the last run came to nothing
	Done     []cleaned
	Held     []cleaned // due, and not done
	Soon     []cleaned
	Kept     []cleaned
	Unheard  []string // repositories whose branches are not known
	OneSided []lifecycle.Orphan
}

// cleaned is what became of one staging, and why.
type cleaned struct {
	Name, Page   string
	Deed, Reason string // the deed is empty where the heading says it
	Tone         tone
}

// steps of a sweep, as they are told once they are done.
var sweptDeeds = map[project.Step]cleaned{
	project.StepSleep: {Deed: "Put to sleep", Tone: asleep}, project.StepWake: {Deed: "Woken up", Tone: good},
	project.StepArchive: {Deed: "Archived", Tone: asleep}, project.StepMark: {Deed: "Noted", Tone: good},
	project.StepDelete: {Deed: "Deleted", Tone: asleep}, project.StepFinish: {Deed: "Deleted", Tone: asleep},
}

// cleanUp is nil for those who may not sweep.
func (v *visit) cleanUp() *cleanUp {
	known, err := v.SweepStatus(v.project)
	if err != nil {
		return nil
	}
	c := &cleanUp{Rules: v.project.HasLifecycle()}
	if !known.Next.IsZero() {
		c.Next = &moment{known.Next}
	}
	if known.Last == nil {
		return c
	}
	c.Last, c.By = &moment{known.Last.At}, known.Last.By.Name
	if known.Last.Err != nil {
		c.Failed = sentence(known.Last.Err.Error())
	}
	for _, item := range known.Last.Result.Items {
		v.sort(c, item)
	}
	for _, r := range known.Last.Result.Repositories {
		if r.Err != nil {
			c.Unheard = append(c.Unheard, r.Repository+": "+r.Err.Error())
		}
	}
	c.OneSided = known.Last.Result.Orphans
	return c
}

// sort puts what became of a staging under its heading.
func (v *visit) sort(c *cleanUp, item lifecycle.Swept) {
	told := cleaned{Name: item.Staging, Page: v.of(item.Staging, ""), Reason: item.Reason}
	deed, changes := sweptDeeds[item.Step]
	switch {
	case item.Err != nil:
		told.Deed, told.Reason, told.Tone = "Could not be looked after", item.Err.Error(), bad
		c.Held = append(c.Held, told)
	case item.Step == project.StepHold:
		told.Deed, told.Tone = "Held back", bad
		c.Held = append(c.Held, told)
	case changes && item.Changed:
		told.Deed, told.Tone = deed.Deed, deed.Tone
		if slices.Contains([]project.Step{project.StepDelete, project.StepFinish}, item.Step) {
			told.Page = ""
		}
		c.Done = append(c.Done, told)
	case item.Step == project.StepWarn:
		told.Tone = unsure
		c.Soon = append(c.Soon, told)
	default:
		told.Tone = good
		c.Kept = append(c.Kept, told)
	}
}

// Nothing tells that the last run had nothing to do.
func (c *cleanUp) Nothing() bool { return c.Failed == "" && len(c.Done)+len(c.Held) == 0 }

// shownCleaned is how many stagings are listed under one heading.
const shownCleaned = 100

// Lists are the headings that have something under them.
func (c *cleanUp) Lists() []cleanedList {
	var all []cleanedList
	for _, l := range []cleanedList{
		{Title: "Done", All: c.Done}, {Title: "Due, and not done", All: c.Held}, {Title: "Due soon", All: c.Soon},
		{Title: "Left as they are", All: c.Kept, Folded: true},
	} {
		if len(l.All) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// cleanedList is one heading with the stagings under it.
type cleanedList struct {
	Title  string
	All    []cleaned
	Folded bool
}

// Shown are the first of many; More counts the rest.
func (l cleanedList) Shown() []cleaned { return l.All[:min(len(l.All), shownCleaned)] }

// More counts what the page leaves out.
func (l cleanedList) More() int { return max(0, len(l.All)-shownCleaned) }
