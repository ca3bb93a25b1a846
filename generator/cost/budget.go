package cost

import (
	"fmt"

	"octopod/generator/project"
)

// Over is a budget that is exceeded.
type Over struct {
	Staging  string // "" for the budget of all stagings
	Currency string
	Cost     float64 // of the calendar month so far, or of a staging in a month at its present price
	Budget   float64
}

// String says it in a sentence without a full stop.
func (o Over) String() string {
	if o.Staging == "" {
		return fmt.Sprintf("all stagings cost %s this month, and the budget is %s", Money(o.Currency, o.Cost), Money(o.Currency, o.Budget))
	}
	return fmt.Sprintf("%s costs %s a month as it is, and the budget of a staging is %s", o.Staging, Money(o.Currency, o.Cost), Money(o.Currency, o.Budget))
}

// Exceeded lists the budgets that are exceeded: that of the month, and of a report by staging
// that of each staging. The report must be of all stagings.
func Exceeded(r Report) []Over {
	var all []Over
	if most := float64(r.Budget.Month); most > 0 && r.MonthSoFar > most {
		all = append(all, Over{"", r.Currency, r.MonthSoFar, most})
	}
	if r.By != ByStaging || r.Budget.StagingMonth == 0 {
		return all
	}
	for _, row := range r.Items {
		const days = project.HoursPerMonth / 24.0
		if month := round(row.PerDay * days); month > float64(r.Budget.StagingMonth) {
			all = append(all, Over{row.Name, r.Currency, month, float64(r.Budget.StagingMonth)})
		}
	}
	return all
}
