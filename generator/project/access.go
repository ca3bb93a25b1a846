package project

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// Access defines the role of each user of the web UI and the API. It does not restrict
// pushes to the env repo: that is up to the git server.
type Access struct {
	// Role of signed-in users who are not in one of the lists below. Default viewer.
	Everyone Role `yaml:"everyone,omitempty" json:"everyone,omitempty" jsonschema:"enum=none,enum=viewer,enum=user,enum=admin"`
	// Users who may view stagings.
	Viewers Members `yaml:"viewers,omitempty" json:"viewers,omitzero"`
	// Users who may also create and change stagings.
	Users Members `yaml:"users,omitempty" json:"users,omitzero"`
	// Users who may view and change everything.
	Admins Members `yaml:"admins,omitempty" json:"admins,omitzero"`
}

// Members are people, by what the sign-in says of them.
type Members struct {
	// Groups of the identity provider; * matches any text.
	Groups []string `yaml:"groups,omitempty" json:"groups,omitempty"`
	// Mail addresses, or all addresses of a domain: "*@example.com".
	Emails []string `yaml:"emails,omitempty" json:"emails,omitempty"`
}

// Role is what a person may do.
type Role string

// The roles, each including the one before.
const (
	RoleNone   Role = "none"
	RoleViewer Role = "viewer"
	RoleUser   Role = "user"
	RoleAdmin  Role = "admin"
)

// Includes reports whether the role has the permissions of the least role. An unknown
// word includes nothing, and only admin includes it.
func (r Role) Includes(least Role) bool { return r.rank() > 0 && r.rank() >= least.need() }

// rank orders the roles; 0 allows nothing.
func (r Role) rank() int {
	return max(0, slices.Index([]Role{RoleNone, RoleViewer, RoleUser, RoleAdmin}, r))
}

// need is the rank that a required role has. An unknown word requires the highest rank.
func (r Role) need() int {
	if rank := r.rank(); rank > 0 {
		return rank
	}
	return RoleAdmin.rank()
}

// RoleOf returns the highest role of a person. The sign-in must have verified the
// email address.
func (a Access) RoleOf(email string, groups []string) Role {
	switch {
	case a.Admins.Include(email, groups):
		return RoleAdmin
	case a.Users.Include(email, groups):
		return RoleUser
	case a.Viewers.Include(email, groups) && !a.Everyone.Includes(RoleUser):
		return RoleViewer
	}
	return a.Everyone
}

// Include reports whether a person is on the list.
func (m Members) Include(email string, groups []string) bool {
	for _, pattern := range m.Emails {
		if email != "" && Glob(strings.ToLower(pattern), strings.ToLower(email)) {
			return true
		}
	}
	for _, pattern := range m.Groups {
		if slices.ContainsFunc(groups, func(group string) bool { return Glob(pattern, group) }) {
			return true
		}
	}
	return false
}

// Empty reports whether the list is empty.
func (m Members) Empty() bool { return len(m.Groups) == 0 && len(m.Emails) == 0 }

// Glob reports whether a text matches a pattern. * matches any text, including
// slashes and the empty text; there are no other special characters.
func Glob(pattern, text string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return text == pattern
	}
	text, found := strings.CutPrefix(text, head)
	if !found {
		return false
	}
	parts := strings.Split(rest, "*")
	last := len(parts) - 1
	for _, part := range parts[:last] {
		if _, text, found = strings.Cut(text, part); !found {
			return false
		}
	}
	return strings.HasSuffix(text, parts[last])
}

// Problems validates a list at a field of a file.
func (m Members) Problems(field string) []staging.Problem {
	var c problems
	for i, group := range m.Groups {
		if strings.TrimSpace(group) == "" {
			c.add(fmt.Sprintf("%s.groups[%d]", field, i), "is empty: write the name of a group")
		}
	}
	for i, email := range m.Emails {
		local, domain, _ := strings.Cut(email, "@")
		if local == "" || domain == "" || strings.Contains(domain, "*") || strings.Contains(local, "*") && local != "*" {
			c.add(fmt.Sprintf("%s.emails[%d]", field, i),
				"%q is not an email address: write ada@example.com, or \"*@example.com\" for a whole domain", email)
		}
	}
	return c
}

func (a Access) check(c *problems) {
	if a.Everyone != RoleNone {
		checkRole(c, "spec.access.everyone", a.Everyone)
	}
	*c = append(*c, a.Viewers.Problems("spec.access.viewers")...)
	*c = append(*c, a.Users.Problems("spec.access.users")...)
	*c = append(*c, a.Admins.Problems("spec.access.admins")...)
}

func checkRole(c *problems, field string, role Role) {
	switch role {
	case RoleViewer, RoleUser, RoleAdmin:
	default:
		c.add(field, "%q is not a role: write viewer, user or admin", role)
	}
}
