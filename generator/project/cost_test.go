package project_test

import (
	"fmt"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// priced returns octopod.yaml with a price table on line 11.
func priced(cost string) []byte {
	return fmt.Appendf(nil, swept, "}\n  cost: {"+cost)
}

const prices = "currency: EUR, prices: {cpuHour: 0.0316, memoryGiBHour: 0.00424, storageGiBMonth: 0.04, loadBalancerHour: 0.025, stagingMonth: 0.5}"

func TestPriceTable(t *testing.T) {
	p, err := project.Parse(priced(prices))
	if err != nil {
		t.Fatal(err)
	}
	want := project.Prices{CPUHour: 0.0316, MemoryGiBHour: 0.00424, StorageGiBMonth: 0.04, LoadBalancerHour: 0.025, StagingMonth: 0.5}
	if got := p.Spec.Cost; got.Prices != want || got.Overhead != 1 || got.TimeZone != "UTC" || !p.HasPrices() {
		t.Errorf("%+v", got)
	}
	again, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = project.Parse(again); err != nil || p.Spec.Cost.Prices != want {
		t.Errorf("%v: %+v\n%s", err, p, again)
	}
	if sweptWith(t, "").HasPrices() {
		t.Error("a project without a price table has prices")
	}
}

// Prices that are nonsense are refused with their line and field, and so is the rest of the table.
func TestFaultyPriceTables(t *testing.T) {
	for _, tt := range []struct{ cost, field, says string }{
		{"currency: EUR, prices: {cpuHour: -0.03}", "spec.cost.prices.cpuHour", "not an amount"},
		{"currency: EUR, prices: {cpuHour: .nan}", "spec.cost.prices.cpuHour", "not an amount"},
		{"currency: EUR, prices: {cpuHour: .inf}", "spec.cost.prices.cpuHour", "not an amount"},
		{"currency: EUR, prices: {cpuHour: 1e300}", "spec.cost.prices.cpuHour", "not an amount"},
		{"currency: EUR, prices: {cpuHour: 9999999999}", "spec.cost.prices.cpuHour", "not an amount"},
		{"currency: EUR, prices: {memoryGiBHour: 0x10}", "spec.cost.prices.memoryGiBHour", "not an amount"},
		{"currency: EUR, prices: {memoryGiBHour: '0,03'}", "spec.cost.prices.memoryGiBHour", "not an amount"},
		{"currency: EUR, prices: {memoryGiBHour: 0.03 EUR}", "spec.cost.prices.memoryGiBHour", "not an amount"},
		{"currency: EUR, prices: {storageGiBMonth: true}", "spec.cost.prices.storageGiBMonth", "not an amount"},
		{"currency: EUR, prices: {storageGiBMonth: [1]}", "spec.cost.prices.storageGiBMonth", "a list"},
		{"currency: EUR, prices: {cpuHour: }", "spec.cost.prices", "no price above 0"},
		{"currency: EUR, prices: {cpuHour: 0}", "spec.cost.prices", "no price above 0"},
		{"currency: EUR, prices: {cpu: 0.03}", "spec.cost.prices.cpu", ""},
		{"currency: €, prices: {cpuHour: 0.03}", "spec.cost.currency", "not a currency"},
		{"currency: Euro, prices: {cpuHour: 0.03}", "spec.cost.currency", "not a currency"},
		{"prices: {cpuHour: 0.03}", "spec.cost.currency", ""},
		{"currency: EUR", "spec.cost.prices", ""},
		{prices + ", overhead: 0.5", "spec.cost.overhead", "from 1 to 10"},
		{prices + ", overhead: 125", "spec.cost.overhead", "from 1 to 10"},
		{prices + ", timeZone: Mars/Base", "spec.cost.timeZone", "not a time zone"},
		{prices + ", budget: {month: -800}", "spec.cost.budget.month", "not an amount"},
		{prices + ", teams: [{name: web}]", "spec.cost.teams[0]", "owns nothing"},
		{prices + ", teams: [{name: '', branches: [x]}]", "spec.cost.teams[0].name", "is empty"},
		{prices + ", teams: [{name: web, branches: ['']}]", "spec.cost.teams[0].branches[0]", "is empty"},
		{prices + ", teams: [{name: web, branches: [x]}, {name: web, authors: [eve]}]", "spec.cost.teams[1].name", "already a team"},
	} {
		_, err := project.Parse(priced(tt.cost))
		found := false
		for _, p := range staging.ProblemsOf(err) {
			found = found || p.File == project.File && p.Line == 11 && p.Field == tt.field && strings.Contains(p.Message, tt.says)
		}
		if !found {
			t.Errorf("%s: %v", tt.cost, err)
		}
	}
}

func TestOwnerOf(t *testing.T) {
	p, err := project.Parse(priced(prices + ", teams: [{name: payments, branches: ['feature/pay-*']}, {name: web, authors: [eve, 'web-*']}]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ branch, creator, author, want string }{
		{"feature/pay-later", "bob", "", "payments"},
		{"feature/pay-later", "eve", "", "payments"},
		{"feature/login", "eve", "", "web"},
		{"feature/login", "ci", "web-anna", "web"},
		{"feature/login", "eve", "bob", ""},
	} {
		s := staging.Staging{Spec: staging.Spec{Branch: tt.branch, Created: staging.Attribution{By: tt.creator}}}
		if tt.author != "" {
			s.Spec.PullRequest = &staging.PullRequest{Author: tt.author}
		}
		if got := p.Spec.Cost.OwnerOf(s.Spec.Branch, project.Author(s)); got != tt.want {
			t.Errorf("%+v belongs to %q", tt, got)
		}
	}
}
