package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// newPage is the form for a new staging.
type newPage struct {
	frame
	Branch, Name, Purpose string
	Placeholder           string // the name derived from the branch
	Branches              []branchChoice
	Quick                 []branchChoice // created at one click
	Unavailable           []string       // repositories whose branches could not be listed
	Services              []serviceChoice
	Presets               []preset
	Groups                []settingGroup
	Grant                 *grantForm // nil if no setting needs it
	Preview               *preview
	Faults                *formErrors
	Example               string
}

// serviceChoice is a service whose image can be set in the form.
type serviceChoice struct{ Name, Title, Default, Image, Error string }

func (s *Server) newPage(r *http.Request, req *projectRequest, form url.Values) (*newPage, error) {
	if err := req.requireWrite(); err != nil {
		return nil, err
	}
	known := req.branches(r.Context())
	page := &newPage{
		Branch: known.resolve(strings.TrimSpace(form.Get("branch"))), Name: strings.TrimSpace(form.Get("name")), Purpose: form.Get("title"),
		Branches: req.choicesOf(known), Unavailable: req.redactRepositories(known.Unavailable), Presets: req.presets(form["preset"]), Groups: req.settingGroups(staging.Staging{}),
		Example: req.project.URL(req.project.MainService(), "login"),
	}
	page.Quick = quick(page.Branches)
	if !req.shows(project.SectionSettings) {
		page.Groups, page.Presets = nil, nil
	}
	req.suggestSecrets(page.Groups)
	req.orderByUse(page.Groups)
	page.Grant = req.grantForm(page.Groups, form)
	for i := range page.Presets {
		page.Presets[i].Was = false
	}
	for _, name := range req.project.ServiceNames() {
		declared := req.project.Spec.Services[name]
		if req.shows(project.SectionServices) {
			page.Services = append(page.Services, serviceChoice{name, declared.Title, declared.Image, strings.TrimSpace(form.Get("image." + name)), ""})
		}
	}
	restoreInput(page.Groups, form)
	page.frame = s.frame(r, req, "New staging", "new")
	return page, nil
}

// branches lists the branches of the project's repositories that respond.
func (req *projectRequest) branches(ctx context.Context) Branches {
	if req.Branches == nil {
		return Branches{}
	}
	return req.Branches(ctx, req.project.Repositories())
}

// branchChoice is a suggested branch. Its label lists its pull requests and the services
// that have the branch.
type branchChoice struct {
	Name, Label string
	Pulls       bool
	Staging     *link // of the branch; nil without one
}

func (req *projectRequest) choicesOf(b Branches) []branchChoice {
	stagings := map[string]*link{}
	entries, _ := req.Entries()
	for _, r := range req.listOf(entries).rows {
		stagings[r.view.Spec.Branch] = &link{r.Name, r.Page}
	}
	choices := make([]branchChoice, 0, len(b.In))
	for _, name := range slices.Sorted(maps.Keys(b.In)) {
		var words []string
		for _, number := range b.Pulls[name] {
			words = append(words, fmt.Sprintf("#%d", number))
		}
		if req.shows(project.SectionServices) {
			words = append(words, req.ownParts(b, name)...)
		}
		choices = append(choices, branchChoice{name, strings.Join(words, ", "), len(b.Pulls[name]) > 0, stagings[name]})
	}
	return choices
}

// quickShown bounds the branches that are created at one click.
const quickShown = 8

// quick returns the branches without a staging that are created at one click,
// branches with a pull request first.
func quick(choices []branchChoice) []branchChoice {
	free := slices.DeleteFunc(slices.Clone(choices), func(c branchChoice) bool { return c.Staging != nil })
	slices.SortStableFunc(free, func(a, b branchChoice) int { return -compareBool(a.Pulls, b.Pulls) })
	return free[:min(len(free), quickShown)]
}

// missing reports whether no repository has the branch. It is false while a
// repository is unavailable.
func (b Branches) missing(branch string) bool {
	return len(b.In) > 0 && len(b.Unavailable) == 0 && len(b.In[branch]) == 0
}

// noSuchBranch is the error of an input that names no branch.
const noSuchBranch = "That is not a branch or pull request we know. Paste a branch name, #42 or the pull request’s link."

// strange reports whether an input names a pull request or is an address, and no branch
// was found for it.
func (b Branches) strange(branch string) bool {
	_, isAddress := cutScheme(branch)
	return isAddress || strings.HasPrefix(branch, "#")
}

// redactRepositories hides the names of repositories from a role that does not see
// services.
func (req *projectRequest) redactRepositories(repositories []string) []string {
	if len(repositories) == 0 || req.shows(project.SectionServices) {
		return repositories
	}
	return []string{"the repositories"}
}

// ownParts returns the titles of the services whose repositories have the branch.
func (req *projectRequest) ownParts(b Branches, branch string) []string {
	var titles []string
	for _, name := range mainFirst(req.project) {
		if service := req.project.Spec.Services[name]; slices.Contains(b.In[branch], service.Repository) {
			titles = append(titles, service.Title)
		}
	}
	return titles
}

func (s *Server) newStaging(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	page, err := s.newPage(r, req, r.URL.Query())
	if err != nil {
		return err
	}
	return s.pages.show(w, http.StatusOK, "new", page)
}

// fillPreview previews the staging while the person types.
func (req *projectRequest) fillPreview(r *http.Request, page *newPage, form url.Values) {
	if page.Branch == "" {
		page.Preview = &preview{}
		return
	}
	action := req.createAction(page, form)
	page.Preview = req.preview(r, change.Request{Action: action}, page.fields())
	known := req.branches(r.Context())
	page.Preview.NoBranch, page.Preview.Own = known.missing(page.Branch), req.ownParts(known, page.Branch)
	if page.Preview.NoBranch {
		page.Preview.Similar = known.similar(form.Get("branch"))
	}
	if page.Preview.NoBranch && known.strange(page.Branch) {
		page.Preview = &preview{Faults: &formErrors{Title: noSuchBranch}, Similar: page.Preview.Similar}
		return
	}
	page.Preview.Changes = slices.DeleteFunc(page.Preview.Changes, func(c settingChange) bool {
		return c.What == "Branch" || c.What == "State" || c.What == "Title"
	})
	if entries, _ := req.Entries(); page.Name == "" {
		for _, r := range req.listOf(entries).rows {
			if r.view.Spec.Branch == page.Branch {
				page.Preview = &preview{Exists: r.Name, Archived: r.Archived, Links: []link{{r.Name, r.Page}}}
			}
		}
	}
}

func (req *projectRequest) createAction(page *newPage, form url.Values) staging.Action {
	a := staging.Action{Verb: staging.Create, Name: page.Name, Branch: page.Branch}
	req.readSettings(&a, form)
	for _, service := range page.Services {
		if service.Image != "" {
			if a.Images == nil {
				a.Images = map[string]staging.Build{}
			}
			a.Images[service.Name] = staging.Build{Image: service.Image}
		}
	}
	return a
}

func (s *Server) createStaging(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	form, err := formOf(r)
	if err != nil {
		return err
	}
	page, err := s.newPage(r, req, form)
	if err != nil {
		return err
	}
	if form.Get("step") != "save" {
		req.fillPreview(r, page, form)
		if r.Header.Get("HX-Request") == "true" {
			return s.pages.fragment(w, "new", "preview", page.Preview)
		}
		return s.pages.show(w, http.StatusOK, "new", page)
	}
	if known := req.branches(r.Context()); known.strange(page.Branch) && len(known.In[page.Branch]) == 0 {
		page.Faults = &formErrors{Title: noSuchBranch, fields: map[string]string{"branch": noSuchBranch}}
		return s.pages.show(w, http.StatusUnprocessableEntity, "new", page)
	}
	result, err := req.apply(r.Context(), change.Request{Action: req.createAction(page, form)})
	if err == nil {
		req.notify(w, r, "create", result)
		return seeOther(w, r, req.stagingPath(result.Name, ""))
	}
	status := map[staging.Code]int{
		staging.CodeInvalid: http.StatusUnprocessableEntity, staging.CodeExists: http.StatusConflict, staging.CodeConflict: http.StatusConflict,
	}[staging.CodeOf(err)]
	if status == 0 {
		return err
	}
	page.fault(req, err)
	return s.pages.show(w, status, "new", page)
}

// BranchError returns the error of the branch; empty without one.
func (p *newPage) BranchError() string { return p.Faults.Of("branch") }

// fault assigns the errors to the fields.
func (p *newPage) fault(req *projectRequest, err error) {
	p.Faults = req.formErrorsOf(err, p.fields())
	p.Faults.annotate(p.Groups)
	for i := range p.Services {
		service := &p.Services[i]
		service.Error = p.Faults.Of(service.Name)
		p.Faults.name(service.Name, "i-"+service.Name, service.Title)
	}
	if len(staging.ProblemsOf(err)) > 0 {
		return
	}
	field := "branch" // an invalid branch, or one that already has a staging
	if p.Name != "" && p.Branch != "" && staging.CodeOf(err) == staging.CodeInvalid {
		if _, fine := staging.ParseBranch(p.Branch); fine == nil {
			field = "name"
		}
	}
	p.Faults.fields[field] = p.Faults.Title
}

func (p *newPage) fields() []string {
	edit := editPage{Groups: p.Groups, Presets: p.Presets}
	fields := append(edit.fields(), "name", "branch", "image")
	for _, s := range p.Services {
		fields = append(fields, s.Name)
	}
	return fields
}
