package check

import "octopod/generator/staging"

// Objects checks the rendered objects of one staging against every rule and
// returns all problems: first by object in the given order and by rule, then the
// problems of the set as a whole. It returns nil if there is no problem.
func Objects(objects []staging.Object, s Subject) []staging.Problem {
	r := report{subject: s}
	set := make([]*object, len(objects))
	for i, o := range objects {
		set[i] = decode(o)
		for _, rule := range rules {
			if rule.checkObject != nil && (rule.Name == wellFormed || set[i].isCheckable()) {
				rule.checkObject(check{&r, set[i], rule.Name})
			}
		}
	}
	for _, rule := range rules {
		if rule.checkAll != nil {
			rule.checkAll(check{&r, &object{}, rule.Name}, set)
		}
	}
	return r.problems
}
