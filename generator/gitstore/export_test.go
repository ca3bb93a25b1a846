package gitstore

// AtSteps calls f at each step of a push to a local repository (see testHooks).
func (s *Store) AtSteps(f func(step string) error) { s.repo.(*local).hooks = f }

// Lock locks a file without waiting. The lock file is prepared in dir.
func Lock(dir, name string) (release func() error, err error) {
	l, err := tryLock(dir, name+".lock", nil)
	if err != nil {
		return nil, err
	}
	return l.release, nil
}
