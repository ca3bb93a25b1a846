package web

import (
	"net/url"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// dataCard is the part of a staging's page about its test data. It says nothing about
// the server that holds them.
type dataCard struct {
	Seed, Help string
	Restored   string    // label of the snapshot that the data started from
	Since      timestamp // the data are of that time
	By, Reason string
	Resets     string // empty if there was none
	Saved      []savedData
	Version    string // of the record on this page

	Reset, Save, Undo string // URLs; empty if the viewer cannot do it now
	Full              string // why nothing more can be saved
}

// savedData is a snapshot on the page.
type savedData struct {
	Label, Note, By string
	When            timestamp
	Restore, Forget string // URLs; empty if the viewer cannot do it now
}

// dataCard returns the test data of a staging; nil where Octopod keeps none.
func (req *projectRequest) dataCard(view *staging.View) *dataCard {
	s, d := view.Staging(), req.project.Spec.Database
	data := req.project.Data(s)
	if data == nil || view.Status.Phase == staging.PhaseInvalid {
		return nil
	}
	card := &dataCard{Seed: data.Seed(), Help: d.Seeds[data.Seed()].Help, Restored: data.RestoredFrom(), Since: timestamp{s.Spec.Created.At}, Version: view.Version}
	if data.Since != nil {
		card.Since, card.By, card.Reason = timestamp{data.Since.At}, data.Since.By, data.Since.Reason
	}
	if n := data.Number() - 1; n > 0 {
		card.Resets = plural(n, "reset", "resets")
	}
	active := req.canWrite() && s.Spec.State == staging.Active
	resets, saves := active && req.role.Includes(d.Reset.Role), active && req.role.Includes(d.Snapshots.Role)
	at := func(verb staging.Verb, label string) string {
		path := req.stagingPath(s.Name, string(verb))
		if label != "" {
			path += "?" + url.Values{"label": {label}}.Encode()
		}
		return path
	}
	for _, label := range newestFirst(data.Snapshots) {
		snapshot := data.Snapshots[label]
		saved := savedData{Label: label, Note: snapshot.Note, By: snapshot.By, When: timestamp{snapshot.At}}
		if saves {
			saved.Forget = at(staging.ForgetData, label)
		}
		if saves && resets {
			saved.Restore = at(staging.RestoreData, label)
		}
		card.Saved = append(card.Saved, saved)
	}
	switch full := len(data.Snapshots) >= d.Snapshots.Most; {
	case saves && full:
		card.Full = plural(len(data.Snapshots), "copy is", "copies are") + " saved, and that is the maximum. Remove one to save another."
	case saves:
		card.Save = at(staging.SnapshotData, "")
	}
	if resets {
		card.Reset = at(staging.ResetData, "")
		if req.project.CanUndoData(*data, req.now()) {
			card.Undo = at(staging.UndoData, "")
		}
	}
	return card
}

func newestFirst(all map[string]staging.Snapshot) []string {
	labels := make([]string, 0, len(all))
	for label := range all {
		labels = append(labels, label)
	}
	slices.SortFunc(labels, func(a, b string) int {
		if c := all[b].At.Compare(all[a].At); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return labels
}

// dataForm is the part of a confirmation about test data.
type dataForm struct {
	Seeds      []seedChoice // of a reset
	Label      string
	AsksLabel  bool // a person types the label
	DataFaults []string
}

// seedChoice is a seed that the viewer may choose.
type seedChoice struct {
	Name, Help string
	Chosen     bool
}

// dataFormOf returns the part of a confirmation for a verb; nil for other verbs.
func (req *projectRequest) dataFormOf(verb staging.Verb, view *staging.View, form url.Values) *dataForm {
	data := req.project.Data(view.Staging())
	if data == nil || !slices.Contains(staging.DataVerbs(), verb) {
		return nil
	}
	f := &dataForm{Label: strings.TrimSpace(form.Get("label")), AsksLabel: verb == staging.SnapshotData}
	if verb != staging.ResetData {
		return f
	}
	chosen := form.Get("seed")
	if chosen == "" {
		chosen = data.Seed()
	}
	for _, name := range req.project.SeedNames() {
		if seed := req.project.Spec.Database.Seeds[name]; req.role.Includes(seed.Role) || name == data.Seed() {
			f.Seeds = append(f.Seeds, seedChoice{name, seed.Help, name == chosen})
		}
	}
	return f
}

// seed returns the seed that a person chose.
func (f *dataForm) seed(form url.Values) string {
	if len(f.Seeds) == 0 {
		return ""
	}
	return form.Get("seed")
}

// explainReset describes a reset, and the time in which it can be taken back.
func explainReset(req *projectRequest, _ *staging.View) []string {
	return []string{
		"The staging starts again with fresh test data. The data that people stored in it since are set aside, and the app restarts.",
		"You can take this back for " + durationText(req.project.Spec.Database.KeepOld) + ". Saved copies stay.",
	}
}

func explainRestoreData(req *projectRequest, _ *staging.View) []string {
	return []string{
		"The test data become those of the saved copy. The data that people stored since are set aside, and the app restarts.",
		"You can take this back for " + durationText(req.project.Spec.Database.KeepOld) + ". The saved copy stays.",
	}
}

// durationText formats a duration for people: 1 day, 36 hours.
func durationText(d project.Duration) string {
	hours := int(d) / int(1e9) / 3600
	switch {
	case hours >= 24 && hours%24 == 0:
		return plural(hours/24, "day", "days")
	case hours > 0:
		return plural(hours, "hour", "hours")
	}
	return d.String()
}
