package project

import "time"

// HasPrices reports whether octopod.yaml has a price table.
func (p *Project) HasPrices() bool { return p.Spec.Cost.isWritten() }

func (p *Project) checkCost(c *problems) {
	cost := p.Spec.Cost
	if !p.HasPrices() {
		return
	}
	if !currency.MatchString(cost.Currency) {
		c.add("spec.cost.currency", "%q is not a currency: write its three letters, for example EUR", cost.Currency)
	}
	if cost.Prices == (Prices{}) {
		c.add("spec.cost.prices", "has no price above 0: every staging would cost nothing")
	}
	if cost.Overhead < 1 || cost.Overhead > 10 {
		c.add("spec.cost.overhead", "%s is not a factor from 1 to 10: 1.25 adds a quarter", cost.Overhead)
	}
	if _, err := time.LoadLocation(cost.TimeZone); err != nil {
		c.add("spec.cost.timeZone", "%q is not a time zone: write one like Europe/Berlin", cost.TimeZone)
	}
	cost.checkTeams(c)
}
