package doctor

import (
	"context"

	"octopod/generator/cost"
	"octopod/generator/project"
)

// budgets reports each budget that is exceeded.
func (d *diagnosis) budgets(ctx context.Context, p *project.Project) {
	if p.Spec.Cost.Budget == (project.Budget{}) {
		return
	}
	r, err := d.Billing.Cost(ctx, cost.Query{})
	if err != nil {
		d.failed("budget", err)
		return
	}
	over := cost.Exceeded(r)
	for _, o := range over {
		fix := "`octopod cost` lists the most expensive stagings"
		if o.Staging != "" {
			fix = "`octopod archive " + o.Staging + "`, or fewer replicas"
		}
		d.add("budget", Warning, o.String(), fix)
	}
	if len(over) == 0 {
		d.add("budget", OK, cost.Money(r.Currency, r.MonthSoFar)+" this month so far", "")
	}
}
