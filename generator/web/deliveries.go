package web

import (
	"net/http"

	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/staging"
)

// deliveriesPage is what forges and registries told lately, for those who set
// that up.
type deliveriesPage struct {
	frame
	Deliveries []delivery
}

// delivery is one line of the list.
type delivery struct {
	receiver.Delivery
	When moment
	Tone tone
	Page string // of the staging; "" without one
}

var outcomeTones = map[receiver.Outcome]tone{
	receiver.OutcomeDone: good, receiver.OutcomeFailed: bad, receiver.OutcomeWaiting: busy, receiver.OutcomeQueued: busy,
}

func (s *Server) deliveries(w http.ResponseWriter, r *http.Request, v *visit) error {
	if !v.role.Includes(project.RoleAdmin) {
		return staging.Errorf(staging.CodeForbidden, "what forges told is for admins")
	}
	all, err := v.Deliveries(r.Context())
	if err != nil {
		return err
	}
	page := deliveriesPage{frame: s.frame(r, v, "Deliveries", "about")}
	for _, d := range all {
		line := delivery{Delivery: d, When: moment{d.At}, Tone: outcomeTones[d.Outcome]}
		if d.Staging != "" {
			line.Page = v.of(d.Staging, "")
		}
		page.Deliveries = append(page.Deliveries, line)
	}
	return s.pages.show(w, http.StatusOK, "deliveries", page)
}
