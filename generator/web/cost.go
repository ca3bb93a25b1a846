package web

import (
	"net/http"
	"strconv"

	"octopod/generator/cost"
	"octopod/generator/project"
)

// costPage shows the cost of the stagings.
type costPage struct {
	frame
	Day, Month string // the price of a day as of now, and the sum of this month
	Over       []string
	From       string // source of the prices
	Unknown    bool
	Since      timestamp
	Groups     []option // Value is a URL
	Column     string   // title of the first one
	Weekly     bool
	Rows       []costRow
	Weeks      []costRow
	Total      costRow
}

// costRow is a row of a table with a bar.
type costRow struct {
	Name, Page         string // Page is empty for a row that is no staging
	Cost, Saved, Day   string
	CostWidth, SavedAt string // of the bar, in percent
	SavedWidth         string
}

// costTitles holds the title of the first column by group.
var costTitles = map[cost.Group]string{cost.ByStaging: "Staging", cost.ByAuthor: "Person", cost.ByOwner: "Team"}

func (s *Server) cost(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	by := cost.Group(r.URL.Query().Get("by"))
	if costTitles[by] == "" {
		by = cost.ByStaging
	}
	now := req.now()
	report, err := req.Cost(r.Context(), cost.Query{By: by, Until: now})
	if err != nil {
		return err
	}
	weeks, err := req.Cost(r.Context(), cost.Query{By: cost.ByWeek, Until: now})
	if err != nil {
		return err
	}
	page := costPage{
		frame: s.frame(r, req, "Cost", "cost"), From: report.From, Since: timestamp{report.Since}, Column: costTitles[by],
		Day: cost.Money(report.Currency, report.Total.PerDay), Month: cost.Money(report.Currency, report.MonthSoFar),
		Over: overBudget(report, by), Unknown: report.Total.UnknownHours > 0, Weekly: len(weeks.Items) > 0,
		Rows: req.costRows(report), Weeks: req.costRows(weeks), Total: costRowOf(report.Currency, report.Total, 0),
	}
	for _, group := range []cost.Group{cost.ByStaging, cost.ByAuthor, cost.ByOwner} {
		if group == cost.ByAuthor && !req.shows(project.SectionAuthor) || group == cost.ByOwner && len(req.project.Spec.Cost.Teams) == 0 {
			continue
		}
		page.Groups = append(page.Groups, option{req.path("cost?by=" + string(group)), costTitles[group], group == by})
	}
	return s.pages.show(w, http.StatusOK, "cost", page)
}

// costRows returns the rows of a report, with bars in proportion to the longest one.
func (req *projectRequest) costRows(r cost.Report) []costRow {
	longest := 0.0
	for _, row := range r.Items {
		longest = max(longest, row.Cost+row.Saved)
	}
	var all []costRow
	for _, row := range r.Items {
		line := costRowOf(r.Currency, row, longest)
		if r.By == cost.ByStaging && req.Named(row.Name) != nil {
			line.Page = req.stagingPath(row.Name, "")
		}
		if r.By == cost.ByOwner && row.Name == "" {
			line.Name = "no team"
		}
		all = append(all, line)
	}
	return all
}

func costRowOf(currency string, row cost.Row, longest float64) costRow {
	line := costRow{
		Name: row.Name, Cost: cost.Money(currency, row.Cost), Saved: cost.Money(currency, row.Saved), Day: cost.Money(currency, row.PerDay),
	}
	if row.UpTo || row.AtLeast {
		line.Cost = "about " + line.Cost
	}
	if longest > 0 {
		line.CostWidth, line.SavedWidth = percent(row.Cost/longest), percent(row.Saved/longest)
		line.SavedAt = line.CostWidth
	}
	return line
}

func percent(share float64) string { return strconv.FormatFloat(share*100, 'f', 1, 64) + "%" }

// overBudget returns a sentence for each budget that is exceeded.
func overBudget(r cost.Report, by cost.Group) []string {
	var all []string
	for _, over := range cost.Exceeded(r) {
		if over.Staging == "" || by == cost.ByStaging {
			all = append(all, sentence(over.String()))
		}
	}
	return all
}
