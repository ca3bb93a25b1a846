package project

import (
	"time"

	"octopod/generator/database"
	"octopod/generator/staging"
)

// Database defines the database that Octopod keeps for each staging.
type Database struct {
	// Kind of the database: shared-postgres (a database on one PostgreSQL server for all stagings),
	// template (default; the template defines the database) or none.
	Kind DatabaseKind `yaml:"kind,omitempty" json:"kind,omitempty" jsonschema:"enum=shared-postgres,enum=template,enum=none"`
	// Pattern of the name of the database, with {project} and {name}. Default {project}_{name}. Dashes
	// become underscores. A longer name than 53 characters ends with a hash.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Image of Octopod, for the Job of the database.
	Image string `yaml:"image,omitempty" json:"image,omitempty"`
	// Data that a staging can start from, by name.
	Seeds map[string]Seed `yaml:"seeds,omitempty" json:"seeds,omitempty"`
	// Name of the seed of new stagings. Required with several seeds.
	DefaultSeed string `yaml:"defaultSeed,omitempty" json:"defaultSeed,omitempty"`
	// PostgreSQL server with the seeds.
	Server DatabaseServer `yaml:"server,omitempty" json:"server,omitzero"`
	// Role of the server that owns what the seeds contain.
	Group string `yaml:"group,omitempty" json:"group,omitempty"`
	// Limits of each staging.
	Limits DatabaseLimits `yaml:"limits,omitempty" json:"limits,omitzero"`
	// Rules for snapshots.
	Snapshots SnapshotRules `yaml:"snapshots,omitempty" json:"snapshots,omitzero"`
	// Time in which a reset or a restore can be undone. Default 1d.
	KeepOld Duration `yaml:"keepOld,omitempty" json:"keepOld,omitempty"`
	// Rules for resets.
	Reset ResetRules `yaml:"reset,omitempty" json:"reset,omitzero"`
	// Migration that runs before each new version.
	Migrate Migrate `yaml:"migrate,omitempty" json:"migrate,omitzero"`
}

// DatabaseKind is who keeps the databases of the stagings.
type DatabaseKind string

// The kinds of databases.
const (
	SharedPostgres   DatabaseKind = "shared-postgres"
	TemplateDatabase DatabaseKind = "template"
	NoDatabase       DatabaseKind = "none"
)

// IsManaged reports whether Octopod keeps the databases.
func (k DatabaseKind) IsManaged() bool { return k == SharedPostgres }

// Unmanaged returns why Octopod does not keep the data of the stagings.
func (k DatabaseKind) Unmanaged() string {
	if k == NoDatabase {
		return "the stagings of this project have no database"
	}
	return "the template of this project keeps its own database"
}

// Seed is data that a staging can start from.
type Seed struct {
	// Description of the data, for users.
	Help string `yaml:"help,omitempty" json:"help,omitempty"`
	// Database of the server to copy.
	Template string `yaml:"template" json:"template"`
	// Role required to choose the seed. Default user.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=user,enum=admin"`
}

// DatabaseServer is the address of a PostgreSQL server, as the stagings reach it.
type DatabaseServer struct {
	// Host name of the server, for example pg.databases.svc.
	Host string `yaml:"host,omitempty" json:"host,omitempty"`
	// Port of the server. Default 5432.
	Port int `yaml:"port,omitempty" json:"port,omitempty"`
	// Account that makes the databases.
	Admin DatabaseAdmin `yaml:"admin,omitempty" json:"admin,omitzero"`
}

// DatabaseAdmin is the account that makes the databases.
type DatabaseAdmin struct {
	// Secret in the namespace of each staging, with the keys username and password. The cluster
	// copies it there: by an ExternalSecret, or by annotations of a reflector.
	Secret string `yaml:"secret,omitempty" json:"secret,omitempty"`
}

// DatabaseLimits are the limits of each staging on a shared server.
type DatabaseLimits struct {
	// Maximum number of connections. Default 20.
	Connections int `yaml:"connections,omitempty" json:"connections,omitempty"`
	// Time after which the server cancels a statement. Absent: never.
	StatementTimeout Duration `yaml:"statementTimeout,omitempty" json:"statementTimeout,omitempty"`
}

// SnapshotRules are the rules for snapshots.
type SnapshotRules struct {
	// Maximum number of snapshots of a staging. Default 3.
	Most int `yaml:"most,omitempty" json:"most,omitempty"`
	// Role required to make, restore and forget snapshots. Default user.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=user,enum=admin"`
}

// ResetRules are the rules for resets.
type ResetRules struct {
	// Role required to reset the data, and to undo a reset. Default user.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=user,enum=admin"`
	// Effect of a deploy on the data: keep (default), reset (every new version starts from the seed)
	// or onMigrationChange (a version with other migrations does; requires migrate.files, and CI
	// passes --migrations).
	OnPush OnPush `yaml:"onPush,omitempty" json:"onPush,omitempty" jsonschema:"enum=keep,enum=reset,enum=onMigrationChange"`
}

// OnPush is the effect of a deploy on the data.
type OnPush string

// The effects.
const (
	KeepData         OnPush = "keep"
	ResetData        OnPush = "reset"
	ResetOnMigration OnPush = "onMigrationChange"
)

// Migrate is the command that adapts the database to a version.
type Migrate struct {
	// Service whose container runs the command: with its image, its environment and its volumes.
	Service string `yaml:"service,omitempty" json:"service,omitempty"`
	// Command and its arguments, for example [bin/migrate].
	Command []string `yaml:"command,omitempty" json:"command,omitempty"`
	// Directory of the migrations in the repository of the service. CI passes the hash of its tree
	// (git rev-parse HEAD:db/migrate) with --migrations; a rollback across a change of it warns.
	Files string `yaml:"files,omitempty" json:"files,omitempty"`
}

// Defaults of a database of Octopod.
const (
	DefaultDatabaseName  = "{project}_{name}"
	DefaultKeepOld       = Duration(24 * time.Hour)
	defaultMostSnapshots = 3
	defaultConnections   = 20
	defaultPostgresPort  = 5432
)

// DatabaseName returns the name of a staging's database.
func (p *Project) DatabaseName(name string) string {
	return database.NameOf(p.Spec.Database.Name, p.Metadata.Name, name)
}

// SeedNames lists the names of the seeds, the default one first.
func (p *Project) SeedNames() []string {
	names := []string{}
	if p.Spec.Database.DefaultSeed != "" {
		names = append(names, p.Spec.Database.DefaultSeed)
	}
	for _, name := range sortedKeys(p.Spec.Database.Seeds) {
		if name != p.Spec.Database.DefaultSeed {
			names = append(names, name)
		}
	}
	return names
}

// Data returns the wanted data of a staging, with the defaults of the project for a record
// that has none; nil where Octopod keeps no database.
func (p *Project) Data(s staging.Staging) *staging.Database {
	if !p.Spec.Database.Kind.IsManaged() {
		return nil
	}
	data := s.Spec.Data()
	data.Generation = data.Number()
	if data.From == "" {
		data.From = staging.SeedSource(p.Spec.Database.DefaultSeed)
	}
	if data.Template == "" {
		data.Template = p.Spec.Database.Seeds[data.Seed()].Template
	}
	return &data
}

// checkData validates the wanted data of a record, which may be written by hand.
func (p *Project) checkData(c *problems, d *staging.Database) {
	if d == nil {
		return
	}
	if d.Generation < 0 {
		c.add("spec.database.generation", "cannot be negative")
	}
	if d.From != "" && d.Seed() == "" && d.RestoredFrom() == "" {
		c.add("spec.database.from", "%q is not a source of data: write seed/NAME or snapshot/LABEL", d.From)
	}
	for _, label := range sortedKeys(d.Snapshots) {
		c.addError("spec.database.snapshots."+label, database.CheckLabel(label))
		c.addError("spec.database.snapshots."+label+".note", staging.CheckText(d.Snapshots[label].Note, staging.MaxNote))
		if d.Snapshots[label].Generation < 1 {
			c.add("spec.database.snapshots."+label+".generation", "must be at least 1")
		}
	}
}

// TearsDown reports whether deleting a staging removes something outside its namespace
// first.
func (p *Project) TearsDown() bool {
	return p.Spec.Lifecycle.Teardown != "" || p.Spec.Database.Kind.IsManaged()
}

// AppliesAll reports whether each sync applies every object. A database of Octopod has Jobs
// in early sync waves, so its projects need that.
func (p *Project) AppliesAll() bool {
	return p.Spec.ArgoCD.ApplyAll || p.Spec.Database.Kind.IsManaged()
}
