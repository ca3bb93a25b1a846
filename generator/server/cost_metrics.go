package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octopod/generator/cost"
	"octopod/generator/envrepo"
)

// costPatience limits how long a scrape waits for the cost of a project. The first answer
// after a start may take longer; then a later scrape has it.
const costPatience = 3 * time.Second

// collectCost adds the cost of a project with a price table.
func (s *servedProject) collectCost(to chan<- prometheus.Metric, project string) {
	ctx, cancel := context.WithTimeout(envrepo.FromMemory(context.Background()), costPatience)
	defer cancel()
	p, err := s.stagings.Project(ctx)
	if err != nil || !p.HasPrices() {
		return
	}
	teams, err := s.stagings.Cost(ctx, cost.Query{By: cost.ByOwner})
	if err != nil {
		return
	}
	const day = 24
	for _, team := range teams.Items {
		to <- gauge(costDesc, team.PerDay/day, project, team.Name, teams.Currency)
	}
	to <- gauge(monthDesc, teams.MonthSoFar, project, teams.Currency)
	if all, err := s.stagings.Cost(ctx, cost.Query{}); err == nil {
		to <- gauge(budgetDesc, float64(len(cost.Exceeded(all))), project)
	}
}
