package main

import (
	"cmp"
	"os/user"
	"strings"

	"octopod/generator"
	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// ciPeople says under which variables CI systems name the person behind a run.
var ciPeople = []struct{ name, email string }{
	{"GITHUB_ACTOR", ""},
	{"GITLAB_USER_NAME", "GITLAB_USER_EMAIL"},
	{"BUILDKITE_BUILD_CREATOR", "BUILDKITE_BUILD_CREATOR_EMAIL"},
	{"CIRCLE_USERNAME", ""},
	{"BUILD_SOURCEVERSIONAUTHOR", ""}, // Azure
	{"BUILD_USER", "BUILD_USER_EMAIL"},
	{"CI_COMMIT_AUTHOR", "CI_COMMIT_AUTHOR_EMAIL"}, // Woodpecker
	{"DRONE_COMMIT_AUTHOR", "DRONE_COMMIT_AUTHOR_EMAIL"},
}

// asker says who asks, and through which door: --actor, else the person behind
// the CI run, else git's user, else the account.
func (c *cli) asker() generator.Asker {
	asker := generator.Asker{Via: staging.ViaCLI}
	if c.inCI() {
		asker.Via, asker.Request = staging.ViaCI, c.ciRun()
	}
	for _, find := range []func() staging.Person{c.actorFlag, c.ciPerson, gitUser, account} {
		if asker.Person = find(); asker.Person.Name != "" {
			return asker
		}
	}
	asker.Person.Name = "unknown"
	return asker
}

func (c *cli) inCI() bool { return c.env["CI"] != "" && c.env["CI"] != "false" }

// actorFlag reads "Name <mail>"; without a mail the whole is the name.
func (c *cli) actorFlag() staging.Person {
	name, rest, _ := strings.Cut(c.settings.actor, "<")
	mail, _, _ := strings.Cut(rest, ">")
	mail = strings.TrimSpace(mail)
	return staging.Person{Name: cmp.Or(strings.TrimSpace(name), mail), Email: mail}
}

func (c *cli) ciPerson() staging.Person {
	if !c.inCI() {
		return staging.Person{}
	}
	for _, v := range ciPeople {
		if name := c.env[v.name]; name != "" {
			person := staging.Person{Name: name, Email: c.env[v.email]}
			if v.name == "GITHUB_ACTOR" {
				person.Email = githubMail(c.env["GITHUB_ACTOR_ID"], name)
			}
			return person
		}
	}
	return staging.Person{}
}

// githubMail is the address by which GitHub recognises a person's commits.
func githubMail(id, login string) string {
	if id != "" {
		login = id + "+" + login
	}
	return login + "@users.noreply.github.com"
}

// ciRun finds the CI run again, from the env repo's history.
func (c *cli) ciRun() string {
	if id := c.env["GITHUB_RUN_ID"]; id != "" {
		return c.env["GITHUB_SERVER_URL"] + "/" + c.env["GITHUB_REPOSITORY"] + "/actions/runs/" + id
	}
	return cmp.Or(c.env["CI_JOB_URL"], c.env["CI_PIPELINE_URL"], c.env["BUILDKITE_BUILD_URL"],
		c.env["CIRCLE_BUILD_URL"], c.env["BUILD_URL"])
}

func gitUser() staging.Person {
	id, ok := gitstore.UserIdentity()
	if !ok {
		return staging.Person{}
	}
	return staging.Person{Name: id.Name, Email: id.Email}
}

func account() staging.Person {
	u, err := user.Current()
	if err != nil {
		return staging.Person{}
	}
	return staging.Person{Name: cmp.Or(u.Name, u.Username)}
}
