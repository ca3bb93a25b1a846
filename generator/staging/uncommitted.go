package staging

import "slices"

// Uncommitted holds the differences between a work tree and the tip of the env repo,
// among the files that Octopod reads. Octopod reads them for a preview and never
// commits them. nil means none.
type Uncommitted struct {
	Written []File
	Removed []string // paths
}

// Names lists the files that differ.
func (u *Uncommitted) Names() []string {
	if u == nil {
		return nil
	}
	names := slices.Clone(u.Removed)
	for _, file := range u.Written {
		names = append(names, file.Path)
	}
	slices.Sort(names)
	return names
}
