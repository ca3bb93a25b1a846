package project

import (
	"fmt"
	"regexp"
	"strings"

	"octopod/generator/staging"
)

// check validates the database of a project.
func (d Database) check(c *problems, p *Project) {
	switch d.Kind {
	case SharedPostgres, TemplateDatabase, NoDatabase:
	default:
		c.add("spec.database.kind", "%q is not a kind of database: %s", d.Kind, insteadOf(d.Kind))
		return
	}
	d.checkName(c, p)
	if !d.Kind.IsManaged() {
		return
	}
	d.checkSeeds(c)
	d.checkServer(c)
	d.checkRules(c)
	d.checkMigrate(c, p)
}

// insteadOf returns the advice for a kind that Octopod does not keep.
func insteadOf(kind DatabaseKind) string {
	switch kind {
	case "postgres", "postgresql":
		return "Octopod runs no server for each staging; write shared-postgres for a database on one server, or keep the server in the template, with kind template"
	case "mysql", "mariadb":
		return "Octopod keeps PostgreSQL only; keep the server in the template, with kind template"
	case "operator", "cnpg":
		return "Octopod writes no objects for an operator; keep them in the template, with kind template"
	}
	return "write shared-postgres, template or none"
}

// checkName rejects a pattern without {name}, and one that is no identifier of PostgreSQL.
func (d Database) checkName(c *problems, p *Project) {
	if strings.Count(d.Name, "{name}") != 1 {
		c.add("spec.database.name", "%q must contain {name} exactly once, so that every staging has its own", d.Name)
	} else if sample := p.expand(d.Name, "x"); !staging.IsLabel(strings.ReplaceAll(sample, "_", "-")) {
		c.add("spec.database.name", "%q does not result in a name of a database (%q): use lower-case letters, digits and underscores", d.Name, sample)
	}
}

// databaseIdentifier is a name on a server that needs no quotes in psql.
var databaseIdentifier = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

func (d Database) checkSeeds(c *problems) {
	if len(d.Seeds) == 0 {
		c.add("spec.database.seeds", "is empty: name the data that a staging starts from")
	}
	for _, name := range sortedKeys(d.Seeds) {
		seed, field := d.Seeds[name], "spec.database.seeds."+name
		if !staging.IsLabel(name) {
			c.add(field, "%q is not a valid name of a seed: use lower-case letters, digits and dashes, starting with a letter", name)
		}
		if !databaseIdentifier.MatchString(seed.Template) {
			c.add(field+".template", "%q is not the name of a database: use lower-case letters, digits and underscores", seed.Template)
		}
		checkWriterRole(c, field+".role", seed.Role)
	}
	_, known := d.Seeds[d.DefaultSeed]
	switch {
	case len(d.Seeds) == 0 || known:
	case d.DefaultSeed == "":
		c.add("spec.database.defaultSeed", "is missing: several seeds need a default%s", listChoices(sortedKeys(d.Seeds)))
	default:
		c.add("spec.database.defaultSeed", "the project has no seed %q%s", d.DefaultSeed, listChoices(sortedKeys(d.Seeds)))
	}
	if seed := d.Seeds[d.DefaultSeed]; known && seed.Role == RoleAdmin {
		c.add("spec.database.seeds."+d.DefaultSeed+".role", "the default seed is for everybody who may create a staging: remove role, or choose another default")
	}
}

// checkWriterRole rejects a role that may not change a staging.
func checkWriterRole(c *problems, field string, role Role) {
	if role != RoleUser && role != RoleAdmin {
		c.add(field, "%q is not a role for this: write user or admin", role)
	}
}

func (d Database) checkServer(c *problems) {
	c.addError("spec.database.image", CheckImage(d.Image))
	if !domain.MatchString(d.Server.Host) {
		c.add("spec.database.server.host", "%q is not a host: write pg.databases.svc", d.Server.Host)
	}
	if d.Server.Port < 1 || d.Server.Port > 65535 {
		c.add("spec.database.server.port", "%d is not a port", d.Server.Port)
	}
	if !domain.MatchString(d.Server.Admin.Secret) {
		c.add("spec.database.server.admin.secret", "%q is not the name of a Secret: write database-admin", d.Server.Admin.Secret)
	}
	if !databaseIdentifier.MatchString(d.Group) {
		c.add("spec.database.group", "%q is not the name of a role of the server: write the role that owns what the seeds contain, for example shop_app", d.Group)
	}
	if d.Limits.Connections < 1 {
		c.add("spec.database.limits.connections", "must be at least 1")
	}
}

func (d Database) checkRules(c *problems) {
	if d.Snapshots.Most < 1 {
		c.add("spec.database.snapshots.most", "must be at least 1")
	}
	checkWriterRole(c, "spec.database.snapshots.role", d.Snapshots.Role)
	checkWriterRole(c, "spec.database.reset.role", d.Reset.Role)
	switch d.Reset.OnPush {
	case KeepData, ResetData:
	case ResetOnMigration:
		if d.Migrate.Files == "" {
			c.add("spec.database.reset.onPush", "onMigrationChange requires migrate.files: the directory whose hash CI passes")
		}
	default:
		c.add("spec.database.reset.onPush", "%q is not an effect of a deploy: write keep, reset or onMigrationChange", d.Reset.OnPush)
	}
}

func (d Database) checkMigrate(c *problems, p *Project) {
	m := d.Migrate
	if m.Service == "" && len(m.Command) == 0 && m.Files == "" {
		return
	}
	if _, ok := p.Spec.Services[m.Service]; !ok {
		c.add("spec.database.migrate.service", "the project has no service %q%s", m.Service, listChoices(p.ServiceNames()))
	}
	if len(m.Command) == 0 {
		c.add("spec.database.migrate.command", "is empty: write the command of the image, for example [bin/migrate]")
	}
	for i, word := range m.Command {
		if word == "" {
			c.add(fmt.Sprintf("spec.database.migrate.command[%d]", i), "is empty")
		}
	}
	if m.Files != "" {
		checkPath(c, "spec.database.migrate.files", m.Files)
	}
}
