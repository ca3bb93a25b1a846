package check

import "octopod/generator/staging"

// Objects checks the rendered objects of one staging against every rule and
// gives all faults: object by object in the order given, rule by rule, then
// what only the whole set shows. Empty means all is well.
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
