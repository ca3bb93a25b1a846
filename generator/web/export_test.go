package web

import "octopod/generator/project"

// PreparedRows returns the list of all stagings that is prepared for a role, and its rows by
// name.
func (s *Server) PreparedRows(name string, role project.Role) (list any, rows map[string]any) {
	c := &s.projects[name].rows
	c.mu.Lock()
	defer c.mu.Unlock()
	rows = map[string]any{}
	prepared := c.roles[role].list
	for _, r := range prepared.rows {
		rows[r.Name] = r
	}
	return prepared, rows
}

// CachedRows counts the cached rows of a role.
func (s *Server) CachedRows(name string, role project.Role) int {
	c := &s.projects[name].rows
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.roles[role].rows)
}
