package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"octopod/generator/staging"
)

// listQuery is the search, filters and order of a list. The URL contains all of it.
type listQuery struct {
	Query   string
	Sort    string // changed (default), name, status, owner, result, created, ends
	Reverse bool
	Status  string // a cssClass; empty for all
	Tested  string // a test state as in a selector; empty for all
	Mine    bool
	Rows    int // rows to show
	// Archived lists archived stagings only.
	Archived bool
}

// rowsAtOnce is the number of rows that a list shows, and adds on demand.
const rowsAtOnce = 100

// maxRows bounds the rows of one page.
const maxRows = 10_000

var sortFields = []string{"changed", "name", "status", "owner", "result", "created", "ends"}

func parseListQuery(values url.Values, archived bool) listQuery {
	q := listQuery{Query: values.Get("q"), Sort: sortFields[0], Mine: values.Has("mine"), Archived: archived, Rows: rowsAtOnce}
	if field, reverse := strings.CutPrefix(values.Get("sort"), "-"); slices.Contains(sortFields, field) {
		q.Sort, q.Reverse = field, reverse
	}
	if status := cssClass(values.Get("status")); slices.Contains([]cssClass{classGood, classBusy, classBad, classUnknown}, status) {
		q.Status = string(status)
	}
	if tested := values.Get("tested"); slices.ContainsFunc(testFilters, func(m testFilter) bool { return m.value == tested }) {
		q.Tested = tested
	}
	if rows, err := strconv.Atoi(values.Get("rows")); err == nil {
		q.Rows = min(max(rows, rowsAtOnce), maxRows)
	}
	return q
}

// SortText returns the order as in the URL; empty for the default.
func (q listQuery) SortText() string {
	text := q.Sort
	if q.Reverse {
		text = "-" + text
	}
	if text == sortFields[0] {
		return ""
	}
	return text
}

// values returns the query parameters of q.
func (q listQuery) values() url.Values {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set("q", q.Query)
	set("status", q.Status)
	set("tested", q.Tested)
	set("sort", q.SortText())
	if q.Mine {
		values.Set("mine", "1")
	}
	if q.Rows > rowsAtOnce {
		values.Set("rows", strconv.Itoa(q.Rows))
	}
	return values
}

// url returns the address of the list with the query q.
func (q listQuery) url(path string) string {
	if encoded := q.values().Encode(); encoded != "" {
		return path + "?" + encoded
	}
	return path
}

// filterHits holds the filters that a row passes.
type filterHits struct{ search, mine, status, tested bool }

func (h filterHits) all() bool { return h.search && h.mine && h.status && h.tested }

// hits compares a row with the filters, and returns the rank of the search.
func (q listQuery) hits(r *cachedRow, by *viewerOfList, search search) (filterHits, int) {
	rank := 1
	if !search.empty() {
		rank = search.rank(r, by.people)
	}
	return filterHits{
		search: rank > 0, mine: !q.Mine || by.owns(r), status: q.Status == "" || string(r.Status.Class) == q.Status,
		tested: q.Tested == "" || staging.Requirement{Field: "tested", Value: q.Tested}.Matches(*r.view),
	}, rank
}

// viewerOfList is what a list needs of its viewer.
type viewerOfList struct {
	signatures signatures
	people     people
}

// owns reports whether a staging is the viewer's: created, requested or tested by
// them, now or earlier.
func (v *viewerOfList) owns(r *cachedRow) bool {
	return v.signatures.areIn(r.owners) || v.people.tested(r.Name, &v.signatures)
}

// testFilter filters stagings by test result.
type testFilter struct {
	label, value string
	state        staging.TestState
}

var testFilters = []testFilter{
	{"Tested", "tested", staging.TestStateTested}, {"Broken", "broken", staging.TestStateBroken},
	{"Retest", "outdated", staging.TestStateOutdated}, {"Untested", "none", ""},
}
