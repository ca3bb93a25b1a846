package web

import (
	"context"
	"time"

	"octopod/generator/cost"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// costOf describes the cost of a staging: "€ 0.12 a day, € 2.10 in twelve weeks".
func (req *projectRequest) costOf(ctx context.Context, view *staging.View) string {
	if !req.project.HasPrices() || !req.shows(project.SectionCost) {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, costPatience)
	defer cancel()
	r, err := req.Cost(ctx, cost.Query{Names: []string{view.Metadata.Name}, Until: req.now()})
	if err != nil || len(r.Items) != 1 {
		return ""
	}
	row := r.Items[0]
	text := cost.Money(r.Currency, row.PerDay) + " a day, " + cost.Money(r.Currency, row.Cost) + " in the last twelve weeks"
	if row.UpTo || row.AtLeast {
		text = "about " + text
	}
	if view.Spec.State == staging.Active {
		text += "; " + cost.Money(r.Currency, row.PerDayAsleep) + " a day while archived"
	}
	return text
}

// priceOf describes the price of a staging that is about to be created.
func priceOf(d cost.Day) string {
	return d.String() + ", and " + cost.Money(d.Currency, d.Asleep) + " while it is archived"
}

// costPatience limits how long the page of a staging waits for its cost. The page does not
// need it.
const costPatience = time.Second
