package lifecycle

import (
	"slices"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Orphan is a staging that only one of Argo CD and the env repo has.
type Orphan struct {
	Name   string `json:"name"`
	In     string `json:"in"` // the side that has it: argocd or envs
	Reason string `json:"reason"`
}

// orphanGrace is how long the two may differ: Argo CD needs time to see a commit.
const orphanGrace = 10 * time.Minute

// findOrphans compares the env repo with Argo CD, if Argo CD answers.
func (s *sweepRun) findOrphans(now time.Time) error {
	if s.snapshot == nil || s.snapshot.Err != nil {
		return nil
	}
	for _, r := range s.records {
		turned := r.Spec.Created.At
		if r.Spec.Since != nil {
			turned = r.Spec.Since.At
		}
		if !s.snapshot.Has(r.Name) && now.Sub(turned) > orphanGrace {
			s.result.Orphans = append(s.result.Orphans, Orphan{r.Name, staging.EnvsDir, "Argo CD has no Application for it"})
		}
	}
	for name, app := range s.snapshot.Apps {
		recorded, err := s.tree.Has(name)
		switch {
		case err != nil:
			return err
		case recorded:
		case app.DeletedAt == nil:
			s.result.Orphans = append(s.result.Orphans, Orphan{name, "argocd", "Application " + app.Name + " has no staging, and is not being removed"})
		case now.Sub(*app.DeletedAt) > orphanGrace:
			s.result.Orphans = append(s.result.Orphans, Orphan{name, "argocd", "Application " + app.Name + " has no staging, and its removal does not end"})
		}
	}
	slices.SortFunc(s.result.Orphans, func(a, b Orphan) int { return strings.Compare(a.Name, b.Name) })
	return nil
}
