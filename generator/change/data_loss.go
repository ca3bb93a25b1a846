package change

import (
	"fmt"
	"slices"

	"octopod/generator/staging"
)

// RuleDataLoss is the rule of a change that removes objects which hold data.
const RuleDataLoss = "data-loss"

// dataKinds are the kinds whose removal loses data: Kubernetes deletes what a Namespace
// and a volume claim hold, and a StatefulSet of another name starts with empty volumes.
var dataKinds = []string{"Namespace", "PersistentVolumeClaim", "StatefulSet"}

// DataLoss returns a problem for each object of before that holds data and is missing
// in after. An object of another name or namespace is another object.
func DataLoss(before, after []staging.Object) []staging.Problem {
	var problems []staging.Problem
	for _, o := range before {
		if !slices.Contains(dataKinds, o.Kind) || slices.ContainsFunc(after, func(a staging.Object) bool { return sameObject(o, a) }) {
			continue
		}
		where := ""
		if o.Namespace != "" {
			where = " in namespace " + o.Namespace
		}
		problems = append(problems, staging.Problem{Object: o.String(), Rule: RuleDataLoss,
			Message: fmt.Sprintf("%s%s would be removed with its data", o, where)})
	}
	return problems
}

func sameObject(a, b staging.Object) bool {
	return a.Kind == b.Kind && a.Namespace == b.Namespace && a.Name == b.Name
}

// dataLossError refuses a change of a staging that would lose data.
func dataLossError(name string, lost []staging.Problem) error {
	if len(lost) == 0 {
		return nil
	}
	return &staging.Error{
		Code: staging.CodeConflict, Message: fmt.Sprintf("this change would delete data of staging %s", name), Problems: lost,
		Hint: "to lose the data on purpose, add --allow-data-loss", Technical: true,
	}
}

// LosesData reports whether an error refuses a change that would lose data.
func LosesData(err error) bool {
	return slices.ContainsFunc(staging.ProblemsOf(err), func(p staging.Problem) bool { return p.Rule == RuleDataLoss })
}

// checkDataLoss refuses an update that would lose data, unless the request allows it.
// Archive and restore keep volumes, and deleting is what delete says.
func (u update) checkDataLoss(t task, before []staging.Object) error {
	if t.AllowDataLoss || u.record == nil || u.recordOnly || u.output.objects == nil || !changesTemplate(u.action.Verb) {
		return nil
	}
	return dataLossError(u.name, DataLoss(before, u.output.objects))
}

// changesTemplate reports whether a verb may bring other objects than those of before.
func changesTemplate(v staging.Verb) bool { return ships(v) || v == staging.Rollback }
