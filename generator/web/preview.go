package web

import (
	"cmp"
	"net/http"
	"strings"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// preview is the effect of a change that is not saved yet.
type preview struct {
	Changes  []settingChange
	Loses    bool // the change deletes data, as the viewer allowed
	Nothing  bool
	Files    []change.ObjectDiff // only if the viewer sees files
	Faults   *formErrors
	Parts    []part
	Name     string
	Links    []link
	NoBranch bool     // no repository has the branch
	Similar  []string // branches that may be meant instead
	Archived bool     // the existing staging is archived
	Own      []string // titles of the services that have the branch
	Exists   string   // the existing staging of the branch
	Price    string   // "about € 0.12 a day"; empty without a price table
}

// settingChange is one difference, as displayed.
type settingChange struct {
	What, From, To string
}

// preview runs a change as a dry run.
func (req *projectRequest) preview(r *http.Request, of change.Request, fields []string) *preview {
	manifests := req.shows(project.SectionFiles)
	of.DryRun, of.Manifests = true, manifests
	result, err := req.Apply(r.Context(), of)
	if err != nil {
		return &preview{Faults: req.formErrorsOf(err, fields)}
	}
	p := &preview{Changes: req.changesOf(result.Changes), Nothing: !result.Changed, Loses: of.AllowDataLoss, Name: result.Name}
	if manifests {
		p.Files = change.Compare(result.Before, result.After)
	}
	if result.Cost != nil {
		p.Price = priceOf(*result.Cost)
	}
	if result.Staging != nil {
		view := *result.Staging
		p.Parts = req.row(&view).Services
		p.Links = req.addresses(&view)
	}
	return p
}

// leftOut translates a removed value into the word of the forms.
var leftOut = strings.NewReplacer("(absent)", "removed")

func (req *projectRequest) changesOf(differences []staging.Difference) []settingChange {
	named := map[string]string{
		"title": "Title", "branch": "Branch", "state": "State", "presets": "Presets", "pinned": "Updates paused", "tested": "Test result",
	}
	var all []settingChange
	for _, d := range differences {
		c := settingChange{d.What, plainRecord(leftOut.Replace(d.From)), plainRecord(leftOut.Replace(d.To))}
		service, isService := req.project.Spec.Services[d.What]
		switch {
		case isService && !req.shows(project.SectionServices), req.project.Spec.Parameters[d.What].Type != "" && !req.shows(project.SectionSettings):
			continue
		case isService:
			c = settingChange{service.Title, tag(d.From), tag(d.To)}
		case named[d.What] != "":
			c.What = named[d.What]
		default:
			c.What = cmp.Or(req.project.Spec.Parameters[d.What].Title, d.What)
		}
		all = append(all, c)
	}
	return all
}
