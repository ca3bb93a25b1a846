package lifecycle

import (
	"slices"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Orphan is half a staging: Argo CD and the env repo disagree on whether it is there.
type Orphan struct {
	Name   string `json:"name"`
	In     string `json:"in"` // the side that has it: argocd or envs
	Reason string `json:"reason"`
}

// orphanAfter is how long the two sides may disagree: a commit has to be seen first.
const orphanAfter = 10 * time.Minute

// findOrphans compares the env repo with Argo CD, as far as it can be asked.
func (s *sweeping) findOrphans(now time.Time) error {
	if s.seen == nil || s.seen.Err != nil {
		return nil
	}
	for _, r := range s.records {
		turned := r.Spec.Created.At
		if r.Spec.Since != nil {
			turned = r.Spec.Since.At
		}
		if !s.seen.Has(r.Name) && now.Sub(turned) > orphanAfter {
			s.result.Orphans = append(s.result.Orphans, Orphan{r.Name, staging.EnvsDir, "Argo CD has no Application for it"})
		}
	}
	for name, app := range s.seen.Apps {
		recorded, err := s.tree.Has(name)
		switch {
		case err != nil:
			return err
		case recorded:
		case app.DeletedAt == nil:
			s.result.Orphans = append(s.result.Orphans, Orphan{name, "argocd", "Application " + app.Name + " has no staging, and is not being removed"})
		case now.Sub(*app.DeletedAt) > orphanAfter:
			s.result.Orphans = append(s.result.Orphans, Orphan{name, "argocd", "Application " + app.Name + " has no staging, and its removal does not end"})
		}
	}
	slices.SortFunc(s.result.Orphans, func(a, b Orphan) int { return strings.Compare(a.Name, b.Name) })
	return nil
}
