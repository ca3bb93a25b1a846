package change

import (
	"context"

	"octopod/generator/staging"
)

// checkQuota rejects an update that makes the staging active when the project's
// limit of active stagings is reached. It reads the other records only when the
// project has such a limit.
func (to target) checkQuota(ctx context.Context, after staging.Staging) error {
	active := to.record != nil && to.record.Spec.State == staging.Active
	if after.Spec.State != staging.Active || active || !to.project.EnforcesLimit() {
		return nil
	}
	names, err := to.tree.Names()
	if err == nil {
		err = to.tree.PrefetchRecords(ctx, names)
	}
	if err != nil {
		return err
	}
	var others []staging.Staging
	for _, name := range names {
		if s, err := to.tree.Staging(name); err == nil && name != after.Name { // an unreadable record does not count
			others = append(others, s)
		}
	}
	return to.project.CheckLimit(after, others)
}
