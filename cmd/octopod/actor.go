package main

import (
	"cmp"
	"os"
	"os/user"
	"strings"

	"octopod/generator/branch"
	"octopod/generator/gitstore"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// actor returns the author of a change: --actor, else the person behind the CI
// run, else git's user, else the account.
func (c *cli) actor() rights.Actor {
	actor := rights.Actor{Via: staging.ViaCLI}
	run, _ := branch.Detect(c.env, os.DirFS("/"), branch.WorkTree{})
	if run.System != "" || c.env["CI"] != "" && c.env["CI"] != "false" {
		actor.Via, actor.Request = staging.ViaCI, run.RunURL
	}
	for _, find := range []func() staging.Person{c.actorFlag, func() staging.Person { return run.Actor }, gitUser, account} {
		if actor.Person = find(); actor.Person.Name != "" {
			return actor
		}
	}
	actor.Person.Name = "unknown"
	return actor
}

// actorFlag parses "Name <mail>". Without a mail, the whole value is the name.
func (c *cli) actorFlag() staging.Person {
	name, rest, _ := strings.Cut(c.settings.actor, "<")
	mail, _, _ := strings.Cut(rest, ">")
	mail = strings.TrimSpace(mail)
	return staging.Person{Name: cmp.Or(strings.TrimSpace(name), mail), Email: mail}
}

func gitUser() staging.Person {
	id, ok := gitstore.UserIdentity()
	if !ok {
		return staging.Person{}
	}
	return staging.Person{Name: id.Name, Email: id.Email}
}

// account returns the user of the operating system. Its mail address is
// user@hostname, as git derives it.
func account() staging.Person {
	u, err := user.Current()
	if err != nil {
		return staging.Person{}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return staging.Person{Name: cmp.Or(u.Name, u.Username), Email: u.Username + "@" + host}
}
