package web

import (
	"net/http"

	"octopod/generator/receiver"
	"octopod/generator/staging"
)

// deliveriesPage lists the latest webhooks of forges and registries, for admins.
type deliveriesPage struct {
	frame
	Deliveries []delivery
}

// delivery is one row of the list.
type delivery struct {
	receiver.Delivery
	When  timestamp
	Class cssClass
	Page  string // of the staging; empty without one
}

var deliveryClasses = map[receiver.Outcome]cssClass{
	receiver.OutcomeDone: classGood, receiver.OutcomeFailed: classBad, receiver.OutcomeWaiting: classBusy, receiver.OutcomeQueued: classBusy,
}

func (s *Server) deliveries(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	if !req.maintains() {
		return staging.Errorf(staging.CodeForbidden, "only admins see the webhook log")
	}
	all, err := req.Deliveries(r.Context())
	if err != nil {
		return err
	}
	page := deliveriesPage{frame: s.frame(r, req, "Webhook log", "about")}
	for _, d := range all {
		line := delivery{Delivery: d, When: timestamp{d.At}, Class: deliveryClasses[d.Outcome]}
		if d.Staging != "" {
			line.Page = req.stagingPath(d.Staging, "")
		}
		page.Deliveries = append(page.Deliveries, line)
	}
	return s.pages.show(w, http.StatusOK, "deliveries", page)
}
