package project_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
)

func TestRoleOf(t *testing.T) {
	access := project.Access{
		Everyone: project.RoleNone,
		Viewers:  project.Members{Emails: []string{"*@example.com"}},
		Users:    project.Members{Groups: []string{"shop-qa", "acme/*"}},
		Admins:   project.Members{Groups: []string{"shop-admins"}, Emails: []string{"Ada@Example.com"}},
	}
	for _, tt := range []struct {
		name   string
		email  string
		groups []string
		want   project.Role
	}{
		{"nobody", "", nil, project.RoleNone},
		{"a stranger", "eve@evil.com", []string{"shop-qa-friends"}, project.RoleNone},
		{"a look-alike domain", "eve@notexample.com", nil, project.RoleNone},
		{"a domain", "bob@example.com", nil, project.RoleViewer},
		{"a group beats a domain", "bob@example.com", []string{"other", "shop-qa"}, project.RoleUser},
		{"a pattern of groups", "", []string{"acme/anything"}, project.RoleUser},
		{"an admin by group", "", []string{"shop-qa", "shop-admins"}, project.RoleAdmin},
		{"letters of an address have no case", "ADA@example.COM", nil, project.RoleAdmin},
		{"letters of a group do", "", []string{"Shop-Admins"}, project.RoleNone},
	} {
		if got := access.RoleOf(tt.email, tt.groups); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A list never lowers the role of everyone.
func TestAListNeverLowersARole(t *testing.T) {
	access := project.Access{Everyone: project.RoleUser, Viewers: project.Members{Emails: []string{"ada@example.com"}}}
	if got := access.RoleOf("ada@example.com", nil); got != project.RoleUser {
		t.Errorf("role %s, want user", got)
	}
}

func TestRolesIncludeEachOther(t *testing.T) {
	rising := []project.Role{project.RoleNone, project.RoleViewer, project.RoleUser, project.RoleAdmin}
	for i, role := range rising {
		for j, least := range rising[1:] {
			if got, want := role.Includes(least), i >= j+1; got != want {
				t.Errorf("%s includes %s: %v", role, least, got)
			}
		}
	}
	for _, word := range []project.Role{"", "root", project.RoleNone} {
		if word.Includes(project.RoleViewer) || word.Includes(word) {
			t.Errorf("%q allows something", word)
		}
		if project.RoleUser.Includes(word) {
			t.Errorf("what asks for %q is open to users", word)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "ab", false},
		{"*", "", true}, {"*", "a/b:c", true}, {"a*", "a", true}, {"a*", "ba", false}, {"*a", "ba", true}, {"*a", "ab", false},
		{"repo:acme/*:ref:refs/heads/*", "repo:acme/shop:ref:refs/heads/feature/x", true},
		{"repo:acme/*:ref:refs/heads/*", "repo:acme/shop:pull_request", false},
		{"repo:acme/*", "repo:acmeevil/shop", false},
		{"a*b*c", "abc", true}, {"a*b*c", "aXbYc", true}, {"a*b*c", "acb", false}, {"a*a", "a", false}, {"**", "x", true},
		{"feature-?", "feature-x", false}, {"[a-z]", "b", false},
	} {
		if got := project.Glob(tt.pattern, tt.text); got != tt.want {
			t.Errorf("Glob(%q, %q) = %v", tt.pattern, tt.text, got)
		}
	}
}

func TestAccessInTheProjectFile(t *testing.T) {
	if got := parse(t, shop).Spec.Access.Everyone; got != project.RoleViewer {
		t.Errorf("without a word, everybody is %q", got)
	}
	_, err := project.Parse([]byte(shop + "  access: {everyone: boss, users: {groups: [\"\"], emails: [\"*example.com\", \"*@*.com\", \"*a@example.com\"]}}\n"))
	for _, want := range []string{"spec.access.everyone", "spec.access.users.groups[0]", "emails[0]", "emails[1]", "emails[2]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no fault of %s in: %v", want, err)
		}
	}
}
