package change

import "octopod/generator/cost"

// requests returns the state of the staging and what its objects request, for the commit
// message: so the cost of every commit is known without rendering it again. It is "" without
// a price table, and where nothing was rendered.
func (u update) requests() string {
	if !u.project.HasPrices() || u.after == nil || u.output.objects == nil {
		return ""
	}
	need, err := cost.NeedOf(u.output.objects)
	if err != nil { // a custom kind with fields of other types
		return ""
	}
	return string(u.after.Spec.State) + " " + need.String()
}
