package web

import (
	"cmp"
	"net/http"
	"slices"

	"octopod/generator/staging"
)

// resourcesPage is what Argo CD says of one staging, in its own words, for
// those who know them.
type resourcesPage struct {
	frame
	Name, Page string
	Sync       string
	Health     string
	Operation  *staging.Operation
	Conditions []staging.Condition
	Pods       []object
	Objects    []object
	ArgoCD     string
	Fault      string // why nothing is known
}

// object is one line of the table.
type object struct {
	Kind, Name, Sync, Health, Message string
	Tone                              tone
}

// resources is a page of its own, and a part of the page of a staging.
func (s *Server) resources(w http.ResponseWriter, r *http.Request, v *visit) error {
	name := r.PathValue("name")
	page := resourcesPage{frame: s.frame(r, v, "Objects of "+name, "list"), Name: name, Page: v.of(name, ""), ArgoCD: v.argoCDPage(name)}
	found, err := v.ClusterState(r.Context(), name)
	switch staging.CodeOf(err) {
	case staging.CodeForbidden, staging.CodeUnauthorized:
		return err
	}
	if err != nil { // this part alone cannot be told
		page.Fault = sentence(messageOf(err))
	} else {
		page.fill(found)
	}
	if r.Header.Get("HX-Request") == "true" {
		return s.pages.fragment(w, "resources", "objects", page)
	}
	return s.pages.show(w, http.StatusOK, "resources", page)
}

func (p *resourcesPage) fill(found staging.ClusterState) {
	app := found.Application
	p.Sync, p.Health, p.Operation, p.Conditions = app.Sync, app.Health, app.Operation, app.Conditions
	for _, r := range app.Resources {
		p.Objects = append(p.Objects, object{r.Kind, r.Name, r.Sync, r.Health, r.Message, toneOf(r.Health, r.Sync)})
	}
	for _, pod := range found.Pods {
		p.Pods = append(p.Pods, object{"Pod", pod.Name, "", cmp.Or(pod.Status, pod.Health), pod.Message, toneOf(pod.Health, "")})
	}
	for _, list := range [][]object{p.Objects, p.Pods} {
		slices.SortStableFunc(list, func(a, b object) int {
			return cmp.Or(cmp.Compare(rank(a.Tone), rank(b.Tone)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
		})
	}
}

// toneOf gives Argo CD's words a colour.
func toneOf(health, sync string) tone {
	switch {
	case health == "Degraded" || health == "Missing":
		return bad
	case health == "Progressing" || sync == "OutOfSync":
		return busy
	case health == "Unknown" || health == "Suspended":
		return unsure
	}
	return good
}

// rank puts first what needs a look.
func rank(t tone) int { return slices.Index([]tone{bad, busy, unsure, good}, t) }
