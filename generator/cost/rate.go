package cost

import (
	"octopod/generator/project"
	"strconv"
)

// Rate is a price by kind of resource: for an hour, or the sum over a time.
type Rate struct {
	CPU           float64 `json:"cpu"`
	Memory        float64 `json:"memory"`
	Storage       float64 `json:"storage"`
	LoadBalancers float64 `json:"loadBalancers"`
	Fixed         float64 `json:"fixed"` // of each staging, whatever it requests
}

const gib = 1 << 30

// RateOf returns what a need costs in an hour. The overhead is on what nodes share: CPU and
// memory.
func RateOf(table project.Cost, n Need) Rate {
	p := table.Prices
	return Rate{
		CPU:           float64(n.CPU) / 1000 * float64(p.CPUHour*table.Overhead),
		Memory:        float64(n.Memory) / gib * float64(p.MemoryGiBHour*table.Overhead),
		Storage:       float64(n.Storage) / gib * float64(p.StorageGiBMonth) / project.HoursPerMonth,
		LoadBalancers: float64(n.LoadBalancers) * float64(p.LoadBalancerHour),
		Fixed:         float64(p.StagingMonth) / project.HoursPerMonth,
	}
}

// Day is the price of a staging for a day.
type Day struct {
	Currency string  `json:"currency"`
	PerDay   float64 `json:"perDay"`
	Asleep   float64 `json:"asleep"` // while it is archived
}

// DayOf returns the price of a need for a day.
func DayOf(table project.Cost, n Need) *Day {
	const day = 24
	return &Day{table.Currency, round(RateOf(table, n).Total() * day), round(RateOf(table, n.Asleep()).Total() * day)}
}

// String formats the price for people: about € 0.12 a day.
func (d Day) String() string { return "about " + Money(d.Currency, d.PerDay) + " a day" }

// Total returns the sum of all kinds.
func (r Rate) Total() float64 { return r.CPU + r.Memory + r.Storage + r.LoadBalancers + r.Fixed }

// add adds a rate for some hours.
func (r *Rate) add(o Rate, hours float64) {
	r.CPU += o.CPU * hours
	r.Memory += o.Memory * hours
	r.Storage += o.Storage * hours
	r.LoadBalancers += o.LoadBalancers * hours
	r.Fixed += o.Fixed * hours
}

// Money formats an amount for people: € 0.12.
func Money(currency string, amount float64) string {
	symbol, known := map[string]string{"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}[currency]
	if !known {
		symbol = currency
	}
	if amount > 0 && amount < 0.005 {
		return "under " + symbol + " 0.01"
	}
	return symbol + " " + strconv.FormatFloat(amount, 'f', 2, 64)
}
