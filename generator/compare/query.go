package compare

import "octopod/generator/staging"

// Query says what to compare a staging with. Without With, SinceMark and Revision, it is
// compared with the project's defaults.
type Query struct {
	Name      string
	With      string         // another staging
	SinceMark bool           // what was tested last
	Tester    staging.Person // with SinceMark: prefer their own mark
	Anybody   bool           // with SinceMark: the newest mark of any person
	Revision  string         // an earlier version
	Until     string         // a version of the staging; "" is now
}

// Check refuses a query that compares with several things.
func (q Query) Check() error {
	given := 0
	for _, is := range []bool{q.With != "", q.SinceMark, q.Revision != ""} {
		if is {
			given++
		}
	}
	if given > 1 {
		return staging.Errorf(staging.CodeInvalid, "compare with one thing: another staging, the last test, or a revision")
	}
	return nil
}
