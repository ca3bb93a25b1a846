package web

import (
	"slices"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
)

// sweepReport shows this server's last sweep and the time of the next one.
type sweepReport struct {
	Rules        bool       // octopod.yaml has lifecycle rules
	Next         *timestamp // nil: this server runs no sweep loop
	Last         *timestamp // nil: no sweep yet
	By           string
	Failed       string // error of the last run
	Done         []sweptStaging
	Held         []sweptStaging // due, but not done
	Soon         []sweptStaging
	Kept         []sweptStaging
	BranchErrors []string // repositories whose branches could not be listed
	Orphans      []lifecycle.Orphan
}

// sweptStaging is the result for one staging, with the reason.
type sweptStaging struct {
	Name, Page     string
	Action, Reason string // Action is empty where the heading states it
	Class          cssClass
}

// stepLabels holds the labels of completed steps.
var stepLabels = map[project.Step]sweptStaging{
	project.StepSleep: {Action: "Archived until a set time", Class: classInactive}, project.StepWake: {Action: "Restored", Class: classGood},
	project.StepArchive: {Action: "Archived", Class: classInactive}, project.StepMark: {Action: "Recorded", Class: classGood},
	project.StepRevoke: {Action: "Value taken back", Class: classGood},
	project.StepDelete: {Action: "Deleted", Class: classInactive}, project.StepFinish: {Action: "Deleted", Class: classInactive},
}

// sweepReport returns nil if the viewer may not sweep.
func (req *projectRequest) sweepReport() *sweepReport {
	known, err := req.SweepStatus(req.project)
	if err != nil {
		return nil
	}
	c := &sweepReport{Rules: req.project.HasLifecycle()}
	if !known.Next.IsZero() {
		c.Next = &timestamp{known.Next}
	}
	if known.Last == nil {
		return c
	}
	c.Last, c.By = &timestamp{known.Last.At}, known.Last.By.Name
	if known.Last.Err != nil {
		c.Failed = sentence(known.Last.Err.Error())
	}
	for _, item := range known.Last.Result.Items {
		req.addSwept(c, item)
	}
	for _, r := range known.Last.Result.Repositories {
		if r.Err != nil {
			c.BranchErrors = append(c.BranchErrors, r.Repository+": "+r.Err.Error())
		}
	}
	c.Orphans = known.Last.Result.Orphans
	return c
}

// addSwept adds the result for a staging to its list.
func (req *projectRequest) addSwept(c *sweepReport, item lifecycle.Swept) {
	swept := sweptStaging{Name: item.Staging, Page: req.stagingPath(item.Staging, ""), Reason: item.Reason}
	deed, changes := stepLabels[item.Step]
	switch {
	case item.Err != nil:
		swept.Action, swept.Reason, swept.Class = "Failed", item.Err.Error(), classBad
		c.Held = append(c.Held, swept)
	case item.Step == project.StepHold:
		swept.Action, swept.Class = "Held back", classBad
		c.Held = append(c.Held, swept)
	case changes && item.Changed:
		swept.Action, swept.Class = deed.Action, deed.Class
		if slices.Contains([]project.Step{project.StepDelete, project.StepFinish}, item.Step) {
			swept.Page = ""
		}
		c.Done = append(c.Done, swept)
	case item.Step == project.StepWarn:
		swept.Class = classUnknown
		c.Soon = append(c.Soon, swept)
	default:
		swept.Class = classGood
		c.Kept = append(c.Kept, swept)
	}
}

// NothingDue reports whether the last run had nothing to do.
func (c *sweepReport) NothingDue() bool { return c.Failed == "" && len(c.Done)+len(c.Held) == 0 }

// maxListed limits the stagings under one heading.
const maxListed = 100

// Lists returns the lists that are not empty.
func (c *sweepReport) Lists() []sweepList {
	var all []sweepList
	for _, l := range []sweepList{
		{Title: "Done", All: c.Done}, {Title: "Due, not done", All: c.Held}, {Title: "Due soon", All: c.Soon},
		{Title: "Unchanged", All: c.Kept, Folded: true},
	} {
		if len(l.All) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// sweepList is a list of stagings with a heading.
type sweepList struct {
	Title  string
	All    []sweptStaging
	Folded bool
}

// Shown returns the first maxListed stagings.
func (l sweepList) Shown() []sweptStaging { return l.All[:min(len(l.All), maxListed)] }

// More returns the number of stagings that Shown leaves out.
func (l sweepList) More() int { return max(0, len(l.All)-maxListed) }
