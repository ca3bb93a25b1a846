package gitstore

// testHooks is called with the name of each step of a push. Tests return an error
// or kill the process there: the repository must stay consistent. It is nil in
// production.
type testHooks func(step string) error

func (s testHooks) at(step string) error {
	if s == nil {
		return nil
	}
	return s(step)
}
