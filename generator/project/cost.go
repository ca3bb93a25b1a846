package project

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Cost is the price table of the cluster. With it, Octopod shows what a staging costs, by
// what its objects request.
type Cost struct {
	// Currency of all amounts, in three letters: EUR, USD.
	Currency string `yaml:"currency" json:"currency" jsonschema:"pattern=^[A-Z]{3}$"`
	// Prices of the cluster.
	Prices Prices `yaml:"prices" json:"prices"`
	// Source of the prices, shown beside every sum: "GCP list price 2026-11".
	From string `yaml:"from,omitempty" json:"from,omitempty"`
	// Factor from 1 to 10 on the prices of CPU and memory, for what the cluster has and no staging
	// requests: bill of the cluster divided by the price of all requests. Default 1.
	Overhead Amount `yaml:"overhead,omitempty" json:"overhead,omitempty"`
	// Teams that own stagings; the first one that matches is the owner.
	Teams []Team `yaml:"teams,omitempty" json:"teams,omitempty"`
	// Amounts above which Octopod warns. It stops nothing.
	Budget Budget `yaml:"budget,omitempty" json:"budget,omitzero"`
	// Time zone in which weeks and months begin, for example Europe/Berlin. Default UTC.
	TimeZone string `yaml:"timeZone,omitempty" json:"timeZone,omitempty"`
}

// Prices are the prices of a cluster. A month has 730 hours.
type Prices struct {
	// One core for an hour.
	CPUHour Amount `yaml:"cpuHour,omitempty" json:"cpuHour,omitempty"`
	// One GiB of memory for an hour.
	MemoryGiBHour Amount `yaml:"memoryGiBHour,omitempty" json:"memoryGiBHour,omitempty"`
	// One GiB of a volume for a month.
	StorageGiBMonth Amount `yaml:"storageGiBMonth,omitempty" json:"storageGiBMonth,omitempty"`
	// One Service of type LoadBalancer for an hour.
	LoadBalancerHour Amount `yaml:"loadBalancerHour,omitempty" json:"loadBalancerHour,omitempty"`
	// Each staging for a month, also while it is archived: its domain, a licence.
	StagingMonth Amount `yaml:"stagingMonth,omitempty" json:"stagingMonth,omitempty"`
}

// Team owns the stagings that match one of its lists.
type Team struct {
	// Name of the team.
	Name string `yaml:"name" json:"name"`
	// Branches of its stagings; * matches any text: feature/pay-*.
	Branches []string `yaml:"branches,omitempty" json:"branches,omitempty"`
	// Authors of its stagings: the author of the pull request, or else the creator of the staging;
	// * matches any text.
	Authors []string `yaml:"authors,omitempty" json:"authors,omitempty"`
}

// Budget holds the amounts above which Octopod warns.
type Budget struct {
	// One staging for a month of 730 hours, as it is now.
	StagingMonth Amount `yaml:"stagingMonth,omitempty" json:"stagingMonth,omitempty"`
	// All stagings together, in the current calendar month.
	Month Amount `yaml:"month,omitempty" json:"month,omitempty"`
}

// HoursPerMonth is the length of a month in prices: an average one, as clouds count it.
const HoursPerMonth = 730

func (cost Cost) isWritten() bool { return !reflect.DeepEqual(cost, Cost{}) }

// OwnerOf returns the team that owns the stagings of a branch and an author; "" for none.
func (cost Cost) OwnerOf(branch, author string) string {
	for _, team := range cost.Teams {
		matches := func(text string) func(string) bool {
			return func(pattern string) bool { return Glob(pattern, text) }
		}
		if slices.ContainsFunc(team.Branches, matches(branch)) || slices.ContainsFunc(team.Authors, matches(author)) {
			return team.Name
		}
	}
	return ""
}

var currency = regexp.MustCompile(`^[A-Z]{3}$`)

func (cost Cost) checkTeams(c *problems) {
	seen := map[string]bool{}
	for i, team := range cost.Teams {
		field := fmt.Sprintf("spec.cost.teams[%d]", i)
		switch {
		case strings.TrimSpace(team.Name) == "":
			c.add(field+".name", "is empty: write the name of the team")
		case seen[team.Name]:
			c.add(field+".name", "%q is already a team: put all its branches and authors in one", team.Name)
		}
		seen[team.Name] = true
		if len(team.Branches)+len(team.Authors) == 0 {
			c.add(field, "owns nothing: add branches or authors")
		}
		c.rejectEmpty(field+".branches", team.Branches)
		c.rejectEmpty(field+".authors", team.Authors)
	}
}
