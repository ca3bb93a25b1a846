package web

import (
	"cmp"
	"net/http"
	"slices"

	"octopod/generator/staging"
)

// resourcesPage shows the objects of one staging in the terms of Argo CD, for
// engineers.
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
	Fault      string // why the objects cannot be shown
}

// object is one row of the table.
type object struct {
	Kind, Name, Sync, Health, Message string
	Class                             cssClass
}

// resources serves the objects as a page, and as a part of the staging page.
func (s *Server) resources(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	name := r.PathValue("name")
	page := resourcesPage{frame: s.frame(r, req, "Objects of "+name, "list"), Name: name, Page: req.stagingPath(name, ""), ArgoCD: req.argoCDPage(name)}
	found, err := req.ClusterState(r.Context(), name)
	switch staging.CodeOf(err) {
	case staging.CodeForbidden, staging.CodeUnauthorized:
		return err
	}
	if err != nil { // the rest of the page is fine
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
		p.Objects = append(p.Objects, object{r.Kind, r.Name, r.Sync, r.Health, r.Message, resourceClass(r.Health, r.Sync)})
	}
	for _, pod := range found.Pods {
		p.Pods = append(p.Pods, object{"Pod", pod.Name, "", cmp.Or(pod.Status, pod.Health), pod.Message, resourceClass(pod.Health, "")})
	}
	for _, list := range [][]object{p.Objects, p.Pods} {
		slices.SortStableFunc(list, func(a, b object) int {
			return cmp.Or(cmp.Compare(severity(a.Class), severity(b.Class)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
		})
	}
}

// resourceClass returns the class of a health and sync status of Argo CD.
func resourceClass(health, sync string) cssClass {
	switch {
	case health == "Degraded" || health == "Missing":
		return classBad
	case health == "Progressing" || sync == "OutOfSync":
		return classBusy
	case health == "Unknown" || health == "Suspended":
		return classUnknown
	}
	return classGood
}

// severity orders classes, the worst first.
func severity(t cssClass) int {
	return slices.Index([]cssClass{classBad, classBusy, classUnknown, classGood}, t)
}
