package gitstore

// Branch returns the branch that the store reads and writes; "" for a detached HEAD.
func (s *Store) Branch() string {
	if s.opts.Branch == Detached {
		return ""
	}
	return s.opts.Branch
}

// IsTopicBranch reports whether the store uses a clone on this machine, on a branch
// beside main: the clone has main too, as its own branch or as a branch of its remote.
func (s *Store) IsTopicBranch(main string) bool {
	l, ok := s.repo.(*local)
	if !ok || l.layout.work == "" || s.opts.Branch == main {
		return false
	}
	for _, prefix := range []string{"refs/heads/", "refs/remotes/origin/"} {
		if hash, err := l.refs.read(prefix + main); err == nil && !hash.IsZero() {
			return true
		}
	}
	return false
}
