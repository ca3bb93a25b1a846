package web

import (
	"net/http"
	"net/url"
	"slices"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// editPage is the settings form of one staging, with a preview of the change.
type editPage struct {
	frame
	Name, Page string
	Heading    string
	Purpose    string
	WasTitle   string
	Version    string
	Presets    []preset
	Groups     []settingGroup
	Grant      *grantForm // nil if no setting needs it
	Preview    *preview
	Faults     *formErrors
	Conflict   *conflict
}

// preset is a named set of settings, as a checkbox.
type preset struct {
	Name, Title, Help string
	Sets              []changedSetting
	On, Was           bool
}

func (s *Server) editSettings(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	page, err := s.editPage(r, req)
	if err != nil {
		return err
	}
	return s.pages.show(w, http.StatusOK, "edit", page)
}

func (s *Server) editPage(r *http.Request, req *projectRequest) (*editPage, error) {
	if err := req.requireWrite(); err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	view, err := req.committedView(r.Context(), name)
	if err != nil {
		return nil, err
	}
	page := &editPage{
		Name: name, Page: req.stagingPath(name, ""), Heading: "Settings of " + name, Purpose: view.Metadata.Title, WasTitle: view.Metadata.Title,
		Version: view.Version,
	}
	if req.shows(project.SectionSettings) {
		page.Groups, page.Presets = req.settingGroups(view.Staging()), req.presets(view.Spec.Presets)
		req.suggestSecrets(page.Groups)
		req.orderByUse(page.Groups)
		page.Grant = req.grantForm(page.Groups, url.Values{})
	}
	page.frame = s.frame(r, req, page.Heading, "list")
	return page, nil
}

func (req *projectRequest) presets(on []string) []preset {
	var all []preset
	for _, detail := range presetDetails(req.project) {
		has := slices.Contains(on, detail.Name)
		all = append(all, preset{detail.Name, detail.Title, detail.Help, detail.Sets, has, has})
	}
	return all
}

// saveSettings previews or saves the form.
func (s *Server) saveSettings(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	page, err := s.editPage(r, req)
	if err != nil {
		return err
	}
	form, err := formOf(r)
	if err != nil {
		return err
	}
	action := staging.Action{Verb: staging.Set, Name: page.Name}
	req.readSettings(&action, form)
	page.restoreInput(form)
	if form.Get("step") != "save" {
		page.Preview = req.preview(r, requestOf(action, form), page.fields())
		if r.Header.Get("HX-Request") == "true" {
			return s.pages.fragment(w, "edit", "preview", page.Preview)
		}
		page.Preview.Faults.annotateAll(page)
		return s.pages.show(w, http.StatusOK, "edit", page)
	}
	if changesNothing(action) {
		req.notify(w, r, "nothing", change.Result{})
		return seeOther(w, r, page.Page)
	}
	result, err := req.apply(r.Context(), requestOf(action, form))
	switch code := staging.CodeOf(err); {
	case change.LosesData(err):
		page.Faults = req.formErrorsOf(err, page.fields())
		return s.pages.show(w, http.StatusConflict, "edit", page)
	case code == staging.CodeConflict:
		if page.Conflict = req.conflict(r, page.Name); page.Conflict != nil {
			return s.pages.show(w, http.StatusConflict, "edit", page)
		}
	case code == staging.CodeInvalid:
		page.Faults = req.formErrorsOf(err, page.fields())
		page.Faults.annotateAll(page)
		return s.pages.show(w, http.StatusUnprocessableEntity, "edit", page)
	}
	if err != nil {
		return err
	}
	req.notify(w, r, "set", result)
	return seeOther(w, r, page.Page)
}

// restoreInput puts the posted values back into the form.
func (p *editPage) restoreInput(form url.Values) {
	if form.Has("title") {
		p.Purpose = form.Get("title")
	}
	for i := range p.Presets {
		p.Presets[i].On = slices.Contains(form["preset"], p.Presets[i].Name)
	}
	restoreInput(p.Groups, form)
	if p.Grant != nil {
		p.Grant.Reason, p.Grant.Term = form.Get("reason"), form.Get("term")
	}
}

// fields returns the names of all fields that a problem can refer to.
func (p *editPage) fields() []string {
	fields := []string{"title"}
	for _, preset := range p.Presets {
		fields = append(fields, preset.Name)
	}
	for _, g := range p.Groups {
		for _, s := range g.Settings {
			fields = append(fields, s.Name)
		}
	}
	return fields
}

func (f *formErrors) annotateAll(page *editPage) {
	if f != nil {
		f.annotate(page.Groups)
		page.Faults = f
	}
}
