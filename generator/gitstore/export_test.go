package gitstore

// AtSteps lets a test stop a local store between two steps of a push.
func (s *Store) AtSteps(f func(step string) error) { s.repo.(*local).steps = f }
