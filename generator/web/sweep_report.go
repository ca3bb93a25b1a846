package web

import (
	"slices"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
)

// sweepReport is what this server swept last, and when it does again.
type sweepReport struct {
	Rules        bool       // octopod.yaml says something of the lifecycle
	Next         *timestamp // nil: no loop runs here
	Last         *timestamp // nil: it has not run yet
	By           string
	Failed       string // why the last run came to nothing
	Done         []sweptStaging
	Held         []sweptStaging // due, and not done
	Soon         []sweptStaging
	Kept         []sweptStaging
	BranchErrors []string // repositories whose branches are not known
	Orphans      []lifecycle.Orphan
}

// sweptStaging is what became of one staging, and why.
type sweptStaging struct {
	Name, Page     string
	Action, Reason string // the deed is empty where the heading says it
	Class          cssClass
}

// steps of a sweep, as they are told once they are done.
var stepLabels = map[project.Step]sweptStaging{
	project.StepSleep: {Action: "Put to sleep", Class: classInactive}, project.StepWake: {Action: "Woken up", Class: classGood},
	project.StepArchive: {Action: "Archived", Class: classInactive}, project.StepMark: {Action: "Noted", Class: classGood},
	project.StepDelete: {Action: "Deleted", Class: classInactive}, project.StepFinish: {Action: "Deleted", Class: classInactive},
}

// sweepReport is nil for those who may not sweep.
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

// addSwept puts what became of a staging under its heading.
func (req *projectRequest) addSwept(c *sweepReport, item lifecycle.Swept) {
	told := sweptStaging{Name: item.Staging, Page: req.stagingPath(item.Staging, ""), Reason: item.Reason}
	deed, changes := stepLabels[item.Step]
	switch {
	case item.Err != nil:
		told.Action, told.Reason, told.Class = "Could not be looked after", item.Err.Error(), classBad
		c.Held = append(c.Held, told)
	case item.Step == project.StepHold:
		told.Action, told.Class = "Held back", classBad
		c.Held = append(c.Held, told)
	case changes && item.Changed:
		told.Action, told.Class = deed.Action, deed.Class
		if slices.Contains([]project.Step{project.StepDelete, project.StepFinish}, item.Step) {
			told.Page = ""
		}
		c.Done = append(c.Done, told)
	case item.Step == project.StepWarn:
		told.Class = classUnknown
		c.Soon = append(c.Soon, told)
	default:
		told.Class = classGood
		c.Kept = append(c.Kept, told)
	}
}

// NothingDue tells that the last run had nothing to do.
func (c *sweepReport) NothingDue() bool { return c.Failed == "" && len(c.Done)+len(c.Held) == 0 }

// maxListed is how many stagings are listed under one heading.
const maxListed = 100

// Lists are the headings that have something under them.
func (c *sweepReport) Lists() []sweepList {
	var all []sweepList
	for _, l := range []sweepList{
		{Title: "Done", All: c.Done}, {Title: "Due, and not done", All: c.Held}, {Title: "Due soon", All: c.Soon},
		{Title: "Left as they are", All: c.Kept, Folded: true},
	} {
		if len(l.All) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// sweepList is one heading with the stagings under it.
type sweepList struct {
	Title  string
	All    []sweptStaging
	Folded bool
}

// Shown are the first of many; More counts the rest.
func (l sweepList) Shown() []sweptStaging { return l.All[:min(len(l.All), maxListed)] }

// More counts what the page leaves out.
func (l sweepList) More() int { return max(0, len(l.All)-maxListed) }
