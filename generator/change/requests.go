package change

import "octopod/generator/cost"

// requests returns the state of the staging and the requests of its objects, for the commit
// message: so the cost of a commit is known without rendering it again. It also returns the
// price. Both are empty without a price table, and where nothing was rendered.
func (u update) requests() (string, *cost.Day) {
	if !u.project.HasPrices() || u.after == nil || u.output.objects == nil {
		return "", nil
	}
	need, err := cost.NeedOf(u.output.objects)
	if err != nil { // a custom kind with fields of other types
		return "", nil
	}
	return string(u.after.Spec.State) + " " + need.String(), cost.DayOf(u.project.Spec.Cost, need)
}
