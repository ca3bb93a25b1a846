package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/change"
	"octopod/generator/live"
	"octopod/generator/staging"
)

// writeFlags are the flags of every verb that changes a staging.
type writeFlags struct {
	dryRun  bool
	diff    bool
	wait    bool
	timeout time.Duration

	allowDataLoss bool
}

func (w *writeFlags) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.dryRun, "dry-run", false, "render and check, but commit nothing")
	cmd.Flags().BoolVar(&w.diff, "diff", false, "commit, and print how the manifests changed; for a preview add --dry-run")
	cmd.Flags().BoolVar(&w.wait, "wait", false, "wait until the cluster has the change; fail if the staging fails")
	addTimeout(cmd, &w.timeout)
}

// addDataLossFlag adds the flag of verbs that may remove objects which hold data.
func addDataLossFlag(cmd *cobra.Command, allow *bool) {
	cmd.Flags().BoolVar(allow, "allow-data-loss", false, "also remove volumes, databases and namespaces, with their data")
}

// writer is the part of backend for changes of stagings.
type writer interface {
	changer
	watcher
}

// verbForms are the words for a change in results and dry runs.
var verbForms = map[staging.Verb]struct{ did, would string }{
	staging.Deploy: {"deployed", "deploy"}, staging.Create: {"created", "create"}, staging.Update: {"updated", "update"},
	staging.Set: {"changed", "change"}, staging.Unset: {"changed", "change"}, staging.Archive: {"archived", "archive"},
	staging.Restore: {"restored", "restore"}, staging.Restart: {"restarted", "restart"}, staging.Delete: {"deleted", "delete"}, staging.PinVerb: {"pinned", "pin"},
	staging.Unpin: {"unpinned", "unpin"}, staging.Rollback: {"rolled back", "roll back"}, staging.Undo: {"undid a change of", "undo a change of"},
	staging.Keep: {"kept", "keep"}, staging.Unkeep: {"unkept", "unkeep"},
	staging.Extend: {"extended", "extend"}, staging.Mark: {"marked", "mark"},
	staging.ResetData: {"reset the data of", "reset the data of"}, staging.SnapshotData: {"saved the data of", "save the data of"},
	staging.RestoreData: {"restored the data of", "restore the data of"}, staging.UndoData: {"took back the data of", "take back the data of"},
	staging.ForgetData: {"forgot a snapshot of", "forget a snapshot of"},
}

// apply applies an action and prints the result.
func (c *cli) apply(ctx context.Context, to writer, a staging.Action, w writeFlags) error {
	result, err := to.Apply(ctx, change.Request{Action: a, By: c.actor(), DryRun: w.dryRun, Manifests: w.diff, AllowDataLoss: w.allowDataLoss, Awaited: w.wait && !w.dryRun})
	if err != nil {
		return err
	}
	if result.Changed && !w.dryRun {
		c.refreshArgoCD(ctx, to, result.Plan)
	}
	if !w.wait || w.dryRun {
		return c.showResult(a, result, w)
	}
	return c.waitAndShow(ctx, to, a, result, w)
}

// waitAndShow waits until the cluster has the change, and prints the result. People
// see the commit at once; programs get one document at the end.
func (c *cli) waitAndShow(ctx context.Context, to watcher, a staging.Action, result change.Result, w writeFlags) error {
	r := live.WaitRequest{Name: result.Name, For: goalOf(result.Staging), Timeout: w.timeout}
	if !c.settings.machineReadable() && c.settings.output != "name" {
		if err := c.showResult(a, result, w); err != nil {
			return err
		}
		v, err := c.wait(ctx, to, r)
		if err != nil {
			return err
		}
		return c.showWaitResult(v, r)
	}
	v, err := c.wait(ctx, to, r)
	if err != nil {
		return err
	}
	if result.Staging != nil {
		result.Staging = &v
	}
	return c.showResult(a, result, w)
}

// goalOf returns the state to wait for. v is nil if the record is deleted.
func goalOf(v *staging.View) live.Goal {
	if v == nil {
		return live.ForDeleted
	}
	return map[staging.State]live.Goal{
		staging.Active: live.ForRunning, staging.Archived: live.ForArchived, staging.Deleting: live.ForDeleted,
	}[v.Spec.State]
}

// connectAndApply connects and applies an action.
func (c *cli) connectAndApply(ctx context.Context, a staging.Action, w writeFlags) error {
	to, err := c.connectInProcess(ctx)
	if err != nil {
		return err
	}
	return c.apply(ctx, to, a, w)
}

// resultJSON is the output of a change with -o json.
type resultJSON struct {
	change.Result
	DryRun bool   `json:"dryRun,omitempty"`
	Diff   string `json:"diff,omitempty"`
}

func (c *cli) showResult(a staging.Action, r change.Result, w writeFlags) error {
	defer c.noteRemarks(a, r)
	var diff string
	if w.diff {
		diff = change.Unified(change.Compare(r.Before, r.After))
	}
	switch {
	case c.settings.machineReadable():
		return c.encode(resultJSON{r, w.dryRun, diff})
	case c.settings.output == "name":
		c.stdout.printf("%s\n", r.Name)
		return nil
	}
	c.stdout.printf("%s\n", c.headline(a, r, w))
	c.showChangesOf(r)
	if w.dryRun {
		c.showPlan(r.Plan)
	}
	if r.Staging != nil && r.Staging.Status.URL != "" && r.Staging.Spec.State == staging.Active && r.Changed && showsURL(a.Verb) {
		c.stdout.printf("  %s\n", c.stdout.paint(cyan, r.Staging.Status.URL))
	}
	c.showDiff(diff)
	if r.Changed && !w.dryRun {
		c.noteLocal()
	}
	return nil
}

// noteRemarks prints what the changes do not show: pending changes that went with them,
// what was not done, and stagings that could not follow.
func (c *cli) noteRemarks(a staging.Action, r change.Result) {
	if r.Changed && r.Note != "" && a.Verb != staging.Delete { // the headline of a delete has the note
		c.note("%s", oneLine(r.Note))
	}
	for _, f := range r.Refused {
		c.note("%s does not follow the new default: %s", f.Name, message(f.Err))
	}
}

// headline returns the result in one line: deployed feature-login (1f2e3d4).
func (c *cli) headline(a staging.Action, r change.Result, w writeFlags) string {
	name := c.stdout.paint(bold, r.Name)
	switch {
	case !r.Changed:
		return "unchanged " + name + strings.TrimSuffix(": "+oneLine(r.Note), ": ")
	case w.dryRun:
		return "would " + verbForms[a.Verb].would + " " + name + " (dry run, nothing is committed)"
	case a.Verb == staging.Delete && r.Staging != nil && r.Staging.Spec.State != staging.Deleting:
		return "changed " + name + " (" + shortRevision(r.Revision) + "): " + oneLine(r.Note)
	case a.Verb == staging.Delete && r.Staging != nil:
		return "tearing down " + name + " (" + shortRevision(r.Revision) + ")"
	}
	return verbForms[a.Verb].did + " " + name + " (" + shortRevision(r.Revision) + ")"
}

// showChangesOf lists the changes. For a new staging it lists only the new values.
func (c *cli) showChangesOf(r change.Result) {
	fresh := slices.ContainsFunc(r.Changes, func(d staging.Difference) bool { return d.What == "branch" && d.From == "" })
	for _, d := range r.Changes {
		if tag := staging.ImageTag(d.To); sameImage(d.From, d.To) && tag != staging.ImageTag(d.From) {
			d.To = tag
		}
		switch {
		case !fresh:
			c.stdout.printf("  %s\n", oneLine(d.String()))
		case d.What != "state":
			c.stdout.printf("  %s: %s\n", d.What, oneLine(d.To))
		}
	}
}

// sameImage reports whether two references differ only in tag and digest.
func sameImage(a, b string) bool {
	name := staging.ImageName(a)
	return name != a && name == staging.ImageName(b)
}

// showsURL reports whether the result of a verb includes the address of the staging.
func showsURL(v staging.Verb) bool {
	return !slices.Contains([]staging.Verb{
		staging.Archive, staging.Delete, staging.PinVerb, staging.Unpin, staging.Keep, staging.Unkeep, staging.Extend, staging.Mark,
		staging.SnapshotData, staging.ForgetData,
	}, v)
}

func (c *cli) showPlan(plan []staging.PlanItem) {
	signs := map[staging.Change]cell{
		staging.Added: {"+", green}, staging.Modified: {"~", yellow}, staging.Removed: {"-", red},
	}
	for _, item := range plan {
		sign := signs[item.Action]
		c.stdout.printf("  %s\n", c.stdout.paint(sign.style, sign.text+" "+oneLine(item.Path)))
	}
}

// nameFlag adds -n, the name as in Octopod 1.
func nameFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVarP(name, "name", "n", "", "`name` of the staging, in place of the argument")
}

// oneName returns the name of the staging: the argument, or -n.
func oneName(cmd *cobra.Command, args []string, flag string) (string, error) {
	switch {
	case len(args) > 1:
		return "", usage(cmd, "one staging at a time: %s are too many", strings.Join(args, ", "))
	case len(args) == 1 && flag != "" && flag != args[0]:
		return "", usage(cmd, "two names are given: %s and %s", args[0], flag)
	case len(args) == 1:
		return args[0], nil
	case flag == "":
		return "", usage(cmd, "which staging?")
	}
	return flag, nil
}
