package web

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// activityPage lists the actions on all stagings.
type activityPage struct {
	frame
	Query, Verb, Via string
	Events           []event
	Verbs, Sources   []option
	CSV, JSON        string
	More             bool
}

const (
	shownActions    = 200
	exportedActions = 10_000
)

func (s *Server) activity(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	values := r.URL.Query()
	page := activityPage{frame: s.frame(r, req, "Activity", "activity"), Query: values.Get("q"), Verb: values.Get("verb"), Via: values.Get("via")}
	events, err := req.filteredEvents(r, exportedActions)
	if err != nil {
		return err
	}
	page.More = len(events) > shownActions
	for _, e := range events[:min(len(events), shownActions)] {
		page.Events = append(page.Events, req.describe(e))
	}
	for _, verb := range slices.Sorted(maps.Keys(verbLabels)) {
		page.Verbs = append(page.Verbs, option{string(verb), verbLabels[verb] + " (" + string(verb) + ")", page.Verb == string(verb)})
	}
	for _, via := range slices.Sorted(maps.Keys(sourceLabels)) {
		page.Sources = append(page.Sources, option{string(via), sourceLabels[via], page.Via == string(via)})
	}
	filter := url.Values{"q": {page.Query}, "verb": {page.Verb}, "via": {page.Via}}.Encode()
	page.CSV, page.JSON = req.path("activity/export.csv?"+filter), req.path("activity/export.json?"+filter)
	return s.pages.show(w, http.StatusOK, "activity", page)
}

// filteredEvents returns the events that match the filters, newest first.
func (req *projectRequest) filteredEvents(r *http.Request, limit int) ([]staging.Event, error) {
	events, err := req.Activity(r.Context(), limit)
	if err != nil {
		return nil, err
	}
	values := r.URL.Query()
	query, verb, via := newSearch(values.Get("q")), values.Get("verb"), values.Get("via")
	return slices.DeleteFunc(events, func(e staging.Event) bool {
		return verb != "" && string(e.Verb) != verb || via != "" && string(e.Via) != via ||
			!query.empty() && query.rankTexts(lower([]string{e.Staging, e.By.Name, e.By.Email, e.Subject, e.Revision})) == 0
	}), nil
}

func (s *Server) exportActivity(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	events, err := req.filteredEvents(r, exportedActions)
	if err != nil {
		return err
	}
	switch r.PathValue("export") {
	case "export.json":
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="activity.json"`)
		_ = json.NewEncoder(w).Encode(events) // the client may have disconnected
		return nil
	case "export.csv":
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="activity.csv"`)
		return writeCSV(w, events)
	}
	return staging.Errorf(staging.CodeNotFound, "there is no such export")
}

func writeCSV(w http.ResponseWriter, events []staging.Event) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"at", "staging", "action", "by", "email", "via", "subject", "revision"}) // Flush reports errors
	for _, e := range events {
		_ = out.Write([]string{
			timestamp{e.At}.Machine(), e.Staging, string(e.Verb), harmless(e.By.Name), harmless(e.By.Email), string(e.Via), harmless(e.Subject), e.Revision,
		})
	}
	out.Flush()
	return nil
}

// harmless escapes a text that a spreadsheet would run as a formula.
func harmless(text string) string {
	if strings.ContainsAny(text[:min(len(text), 1)], "=+-@\t\r") {
		return "'" + text
	}
	return text
}
