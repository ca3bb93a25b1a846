package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"octopod/generator/change"
	"octopod/generator/staging"
)

// bulkVerb is an action that a list offers for several stagings at once.
type bulkVerb struct{ Verb, Label string }

// bulkVerbs returns the actions for several stagings that the viewer may use.
func (req *projectRequest) bulkVerbs(archived bool) []bulkVerb {
	if !req.canWrite() {
		return nil
	}
	if archived {
		return []bulkVerb{{"restore", "Restore…"}}
	}
	verbs := []bulkVerb{{"archive", "Archive…"}, {"extend", "Extend…"}, {"restart", "Restart…"}, {"keep", "Keep…"}}
	if req.maintains() {
		verbs = append(verbs, bulkVerb{"regenerate", "Update…"})
	}
	return verbs
}

// maxBulk bounds the stagings of one request.
const maxBulk = 100

// bulkPage asks for confirmation of an action on several stagings, and shows the
// outcomes when some could not be changed.
type bulkPage struct {
	frame
	action
	form
	Items     []bulkItem
	Past      string // "1 of 3 archived"; empty before
	Action    string
	Explained string
}

// bulkItem is one staging of a bulk action.
type bulkItem struct {
	Name, Title, Page string
	Class             cssClass
	Outcome           string // empty before
}

// bulk asks for confirmation.
func (s *Server) bulk(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	page, err := s.bulkPage(r, req, r.URL.Query())
	if err != nil {
		return err
	}
	return s.pages.show(w, http.StatusOK, "bulk", page)
}

func (s *Server) bulkPage(r *http.Request, req *projectRequest, values url.Values) (*bulkPage, error) {
	if err := req.requireWrite(); err != nil {
		return nil, err
	}
	verb, names := values.Get("verb"), values["name"]
	offered := slices.Concat(req.bulkVerbs(false), req.bulkVerbs(true))
	switch {
	case !slices.ContainsFunc(offered, func(v bulkVerb) bool { return v.Verb == verb }):
		return nil, staging.Errorf(staging.CodeNotFound, "this page does not exist")
	case len(names) == 0:
		return nil, staging.Errorf(staging.CodeInvalid, "no staging is selected")
	case len(names) > maxBulk:
		return nil, staging.Errorf(staging.CodeInvalid, "select at most %d stagings", maxBulk)
	}
	d := actions[verb]
	if err := req.mayAny(d.Verb, names); err != nil {
		return nil, err
	}
	page := &bulkPage{action: d, form: formOfValues(values), Action: req.path("bulk"), Explained: bulkExplained[verb]}
	title := fmt.Sprintf(d.Question, plural(len(names), "staging", "stagings"))
	page.frame = s.frame(r, req, title, "list")
	views, err := req.Find(r.Context(), staging.Query{Names: slices.Compact(slices.Sorted(slices.Values(names))), Recorded: true})
	if err != nil {
		return nil, err
	}
	for i := range views {
		row := req.row(&views[i])
		page.Items = append(page.Items, bulkItem{Name: row.Name, Title: row.Heading(), Page: row.Page, Class: classInactive})
	}
	return page, nil
}

// mayAny returns an error unless the viewer may use a verb on one of the stagings. Each
// one is authorized again when the verb runs.
func (req *projectRequest) mayAny(verb staging.Verb, names []string) (err error) {
	for _, name := range names {
		if err = req.viewer.Authorize(req.project, verb, name); err == nil {
			return nil
		}
	}
	return err
}

// performBulk runs the action on each staging, all at the same time: their commits wait
// for each other and are pushed together.
func (s *Server) performBulk(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	page, err := s.bulkPage(r, req, values)
	if err != nil {
		return err
	}
	until, err := untilOf(values, page.Verb, s.Now())
	switch {
	case err != nil:
		page.Error = sentence(messageOf(err))
	case page.NeedsReason && page.Reason == "":
		page.Error = noReason
	}
	if page.Error != "" {
		return s.pages.show(w, http.StatusUnprocessableEntity, "bulk", page)
	}
	changed, failed := req.applyAll(r, page, staging.Action{Verb: page.Verb, Reason: page.Reason, Until: until})
	if !failed {
		req.notifyMany(w, r, string(page.Verb), changed, len(page.Items))
		return seeOther(w, r, req.path(""))
	}
	page.Past = bulkNotice(string(page.Verb), changed, len(page.Items))
	return s.pages.show(w, http.StatusConflict, "bulk", page)
}

// applyAll applies an action to every staging of the page, and records the outcomes.
func (req *projectRequest) applyAll(r *http.Request, page *bulkPage, a staging.Action) (changed int, failed bool) {
	results, errs := make([]change.Result, len(page.Items)), make([]error, len(page.Items))
	var work sync.WaitGroup
	for i, item := range page.Items {
		work.Go(func() {
			one := a
			one.Name = item.Name
			results[i], errs[i] = req.Apply(r.Context(), change.Request{Action: one})
		})
	}
	work.Wait()
	for i := range page.Items {
		item := &page.Items[i]
		switch {
		case errs[i] != nil:
			failed = true
			item.Class, item.Outcome = classBad, sentence(messageOf(errs[i]))
		case results[i].Changed:
			changed++
			item.Class, item.Outcome = classGood, "Done."
		default:
			item.Class, item.Outcome = classInactive, "No change needed."
		}
	}
	req.catchUp(r.Context())
	return changed, failed
}

// bulkDone holds the past of the verbs that a list offers.
var bulkDone = map[string]string{
	"archive": "archived", "restore": "restored", "extend": "extended", "restart": "restarted", "keep": "kept", "regenerate": "updated",
}

// bulkExplained explains the verbs that a list offers.
var bulkExplained = map[string]string{
	"archive":    "They stop, and their addresses don’t answer until someone restores them. Data, settings and history are kept.",
	"restore":    "They start again as they were, with their data. This takes a minute or two.",
	"extend":     "Their time until the clean-up archives them starts again today.",
	"restart":    "Everything in them stops and starts again with the same versions, settings and data. The addresses may not answer for a minute.",
	"keep":       "The clean-up neither archives nor deletes them. New builds are still deployed.",
	"regenerate": "They get what has changed in the project since they were last deployed. Their own versions, settings and data stay.",
}

// bulkNotice returns how many stagings were changed, in words; empty for an unknown verb.
func bulkNotice(verb string, changed, all int) string {
	past := bulkDone[verb]
	switch {
	case past == "":
		return ""
	case changed == all:
		return fmt.Sprintf("%s %s.", plural(all, "staging", "stagings"), past)
	}
	return fmt.Sprintf("%d of %s %s.", changed, plural(all, "staging", "stagings"), past)
}
