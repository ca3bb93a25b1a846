package gitstore

// AtSteps lets a test stop a local store between two steps of a push.
func (s *Store) AtSteps(f func(step string) error) { s.repo.(*local).hooks = f }

// Lock takes the lock of a file, without waiting; dir is where it is made ready.
func Lock(dir, name string) (release func() error, err error) {
	l, err := tryLock(dir, name+".lock", nil)
	if err != nil {
		return nil, err
	}
	return l.release, nil
}
