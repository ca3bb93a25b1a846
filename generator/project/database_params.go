package project

import (
	"slices"
	"strconv"
	"time"

	"octopod/generator/database"
	"octopod/generator/staging"
)

// DatabaseSecret is the Secret with the credentials of a staging's database. The Job of
// the database makes it.
const DatabaseSecret = "database"

// databaseParams returns the database of a staging for its template; nil where Octopod
// keeps none.
func (p *Project) databaseParams(s staging.Staging) *staging.DatabaseParams {
	data, d := p.Data(s), p.Spec.Database
	if data == nil {
		return nil
	}
	params := &staging.DatabaseParams{Name: p.DatabaseName(s.Name), Secret: DatabaseSecret, Generation: data.Generation, Objects: []any{}}
	if d.Migrate.Service != "" && s.Spec.State == staging.Active {
		params.Migrate = &staging.MigrateParams{
			Service: d.Migrate.Service, Image: s.Spec.Services[d.Migrate.Service].Image, Command: slices.Clone(d.Migrate.Command),
		}
	}
	if d.Kind == SharedPostgres {
		params.Shared = &staging.SharedDatabase{
			Image: d.Image, Host: d.Server.Host, Port: d.Server.Port, AdminSecret: d.Server.Admin.Secret, Arguments: p.databaseArguments(s, *data),
		}
	}
	return params
}

// databaseArguments returns the arguments of octopod in the Job of a shared server.
func (p *Project) databaseArguments(s staging.Staging, data staging.Database) []string {
	d, name := p.Spec.Database, p.DatabaseName(s.Name)
	if s.Spec.State == staging.Deleting {
		return []string{"database", "drop", name, "--staging", p.owner(s.Name)}
	}
	arguments := append([]string{"database", "converge"}, p.wantedDatabase(s.Name, data).Arguments()...)
	arguments = append(arguments, "--group", d.Group, "--connections", strconv.Itoa(d.Limits.Connections))
	if d.Limits.StatementTimeout > 0 {
		arguments = append(arguments, "--statement-timeout", time.Duration(d.Limits.StatementTimeout).String())
	}
	return append(arguments, "--secret", DatabaseSecret)
}

// owner returns the owner of a database, for its mark on the server.
func (p *Project) owner(name string) string { return p.Metadata.Name + "/" + name }

// wantedDatabase returns the data of a staging in the words of the Job.
func (p *Project) wantedDatabase(name string, data staging.Database) database.Wanted {
	wanted := database.Wanted{
		Name: p.DatabaseName(name), Staging: p.owner(name), Generation: data.Generation, Template: data.Template,
		From: database.Source{Kind: database.FromSeed, Name: data.Seed()}, KeepOld: time.Duration(p.Spec.Database.KeepOld),
	}
	if label := data.RestoredFrom(); label != "" {
		wanted.From = database.Source{Kind: database.FromSnapshot, Name: label}
	}
	if data.Since != nil {
		wanted.At = stamp(data.Since.At)
	}
	for _, label := range sortedKeys(data.Snapshots) {
		snapshot := data.Snapshots[label]
		wanted.Snapshots = append(wanted.Snapshots, database.Snapshot{Label: label, Generation: snapshot.Generation, At: stamp(snapshot.At)})
	}
	return wanted
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
