package cost

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Group is what a report has one row for.
type Group string

// The groups.
const (
	ByStaging Group = "staging"
	ByAuthor  Group = "author"
	ByOwner   Group = "owner" // a team of the price table
	ByWeek    Group = "week"  // an ISO week, in the time zone of the price table
)

// Groups lists the groups.
func Groups() []Group { return []Group{ByStaging, ByAuthor, ByOwner, ByWeek} }

// DefaultWeeks is the time of a report without a beginning.
const DefaultWeeks = 12

// Query asks for a report.
type Query struct {
	Names []string // of stagings, also deleted ones; none means all
	By    Group    // default ByStaging
	Since time.Time
	Until time.Time
	May   func(name string) bool // reports whether a staging counts; nil means all
}

// Report is what stagings cost in a time, at the present prices.
type Report struct {
	Currency string    `json:"currency"`
	From     string    `json:"from,omitempty"` // source of the prices
	By       Group     `json:"by"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Items    []Row     `json:"items"`
	Total    Row       `json:"total"`
	// MonthSoFar is what all stagings of the query cost since the calendar month began.
	MonthSoFar float64        `json:"monthSoFar"`
	Budget     project.Budget `json:"budget,omitzero"`
}

// Row is the sum of one group.
type Row struct {
	Name        string  `json:"name"` // "" for stagings that no team owns, and for the total
	Cost        float64 `json:"cost"`
	Parts       Rate    `json:"parts"`
	AwakeHours  float64 `json:"awakeHours"`
	AsleepHours float64 `json:"asleepHours"`
	// Saved is what the asleep hours would have cost beside what they cost.
	Saved float64 `json:"saved"`
	// PerDay is the price of a day at the end of the time, as everything was then; PerDayAwake if
	// all stagings were awake, PerDayAsleep if all were archived.
	PerDay       float64 `json:"perDay"`
	PerDayAwake  float64 `json:"perDayAwake"`
	PerDayAsleep float64 `json:"perDayAsleep"`
	// UpTo means that a container requests nothing, so the quota counts; AtLeast that there is no
	// quota, either.
	UpTo    bool `json:"upTo,omitempty"`
	AtLeast bool `json:"atLeast,omitempty"`
	// UnknownHours have the price of the time before, because their files cannot be rendered.
	UnknownHours float64 `json:"unknownHours,omitempty"`

	order time.Time // of a week
}

// ReportOf sums the lives of stagings.
func ReportOf(table project.Cost, lives []Life, q Query) Report {
	by := cmp.Or(q.By, ByStaging)
	r := Report{Currency: table.Currency, From: table.From, By: by, Since: q.Since, Until: q.Until, Budget: table.Budget}
	a := adding{rows: map[string]*Row{}, zone: zoneOf(table), query: q, month: &r.MonthSoFar, monthBegins: MonthOf(table, q.Until)}
	for _, l := range lives {
		if len(q.Names) > 0 && !slices.Contains(q.Names, l.Staging) || q.May != nil && !q.May(l.Staging) {
			continue
		}
		for _, s := range l.spans(table, q.Until) {
			a.add(nameOf(table, by, l), by == ByWeek, s)
		}
	}
	r.Items = make([]Row, 0, len(a.rows))
	for _, row := range a.rows {
		r.Items = append(r.Items, row.rounded())
	}
	slices.SortFunc(r.Items, func(x, y Row) int {
		return cmp.Or(x.order.Compare(y.order), cmp.Compare(y.Cost, x.Cost), cmp.Compare(x.Name, y.Name))
	})
	r.Total, r.MonthSoFar = a.total.rounded(), round(r.MonthSoFar)
	return r
}

func nameOf(table project.Cost, by Group, l Life) string {
	switch by {
	case ByAuthor:
		return l.Author
	case ByOwner:
		return table.OwnerOf(l.Branch, l.Author)
	}
	return l.Staging
}

func zoneOf(table project.Cost) *time.Location {
	zone, err := time.LoadLocation(table.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// adding is the state of ReportOf.
type adding struct {
	rows  map[string]*Row
	total Row
	zone  *time.Location
	query Query
	month *float64

	monthBegins time.Time
}

func (a *adding) add(name string, weekly bool, s span) {
	a.addMonth(s)
	s.from = later(s.from, a.query.Since)
	for s.from.Before(s.to) {
		piece := s
		if begins, ends := a.week(s.from); weekly {
			year, week := s.from.In(a.zone).ISOWeek()
			name = fmt.Sprintf("%d-W%02d", year, week)
			piece.to = earlier(s.to, ends)
			a.row(name).order = begins
		}
		a.row(name).add(piece, a.query.Until)
		a.total.add(piece, a.query.Until)
		s.from = piece.to
	}
}

func (a *adding) row(name string) *Row {
	if a.rows[name] == nil {
		a.rows[name] = &Row{Name: name}
	}
	return a.rows[name]
}

// week returns the beginning and the end of the week of a time: Mondays at midnight.
func (a *adding) week(t time.Time) (begins, ends time.Time) {
	local := t.In(a.zone)
	monday := local.Day() - (int(local.Weekday())+6)%7
	begins = time.Date(local.Year(), local.Month(), monday, 0, 0, 0, 0, a.zone)
	return begins, time.Date(local.Year(), local.Month(), monday+7, 0, 0, 0, 0, a.zone)
}

// addMonth adds what a span cost in the calendar month of the end.
func (a *adding) addMonth(s span) {
	if from := later(s.from, a.monthBegins); from.Before(s.to) {
		*a.month += s.rate.Total() * s.to.Sub(from).Hours()
	}
}

func (r *Row) add(s span, until time.Time) {
	hours := s.to.Sub(s.from).Hours()
	r.Parts.add(s.rate, hours)
	if s.state == staging.Active {
		r.AwakeHours += hours
	} else {
		r.AsleepHours += hours
		r.Saved += max(0, s.awake.Total()-s.rate.Total()) * hours
	}
	if s.unknown {
		r.UnknownHours += hours
	}
	if !s.to.Before(until) {
		const day = 24
		r.PerDay += s.rate.Total() * day
		r.PerDayAwake += s.awake.Total() * day
		r.PerDayAsleep += (s.awake.Total() - s.awake.CPU - s.awake.Memory) * day
		r.UpTo, r.AtLeast = r.UpTo || s.need.UpTo, r.AtLeast || s.need.AtLeast
	}
}

// rounded returns the row with amounts of a ten-thousandth of the currency, and its cost.
func (r Row) rounded() Row {
	r.Cost = r.Parts.Total()
	for _, amount := range []*float64{
		&r.Cost, &r.Parts.CPU, &r.Parts.Memory, &r.Parts.Storage, &r.Parts.LoadBalancers, &r.Parts.Fixed, &r.Saved,
		&r.PerDay, &r.PerDayAwake, &r.PerDayAsleep, &r.AwakeHours, &r.AsleepHours, &r.UnknownHours,
	} {
		*amount = round(*amount)
	}
	return r
}

func round(amount float64) float64 { return math.Round(amount*1e4) / 1e4 }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// WeekBefore returns the beginning of a week: of the one of a time, or some weeks earlier.
func WeekBefore(table project.Cost, t time.Time, weeks int) time.Time {
	a := adding{zone: zoneOf(table)}
	begins, _ := a.week(t)
	return begins.AddDate(0, 0, -7*weeks)
}

// MonthOf returns the beginning of the calendar month of a time.
func MonthOf(table project.Cost, t time.Time) time.Time {
	local := t.In(zoneOf(table))
	return time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, local.Location())
}
