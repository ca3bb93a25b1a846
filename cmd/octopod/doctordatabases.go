package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"octopod/generator/doctor"
	"octopod/generator/postgres"
)

// diagnoseDatabases looks for databases of the project that no record knows, on the server of
// PGHOST: Octopod has no rights in the cluster to find them otherwise.
func (c *cli) diagnoseDatabases(ctx context.Context, repo finder) []doctor.Finding {
	const check = "databases of no staging"
	project, err := repo.Project(ctx)
	if err != nil || c.getenv("PGHOST") == "" || !project.Spec.Database.Kind.IsManaged() {
		return nil // another finding has the error
	}
	made, err := c.madeDatabases(ctx)
	if err != nil {
		return []doctor.Finding{{Check: check, Health: doctor.Unknown, Message: err.Error(), Fix: "set PGHOST, PGUSER and PGPASSWORD as octopod database does"}}
	}
	named, err := knownDatabase(ctx, repo)
	if err != nil {
		return []doctor.Finding{{Check: check, Health: doctor.Unknown, Message: err.Error()}}
	}
	left := slices.DeleteFunc(slices.Clone(made), named)
	if len(left) == 0 {
		return []doctor.Finding{{Check: check, Health: doctor.OK, Message: fmt.Sprintf("none among the %d of the server", len(made))}}
	}
	names := make([]string, len(left))
	for i, m := range left {
		names[i] = fmt.Sprintf("%s of %s", m.Name, m.Staging)
	}
	return []doctor.Finding{{Check: check, Health: doctor.Warning,
		Message: "no record knows " + strings.Join(names, ", ") + ": their namespace was deleted by hand, or their record without octopod delete",
		Fix:     fmt.Sprintf("octopod database drop %s --staging %s", familyOf(left[0]), left[0].Staging)}}
}

// madeDatabases lists what Octopod made on the server of PGHOST.
func (c *cli) madeDatabases(ctx context.Context) ([]postgres.Made, error) {
	server, err := c.connectDatabase(serverFlags{patience: 5 * time.Second})
	if err != nil {
		return nil, err
	}
	return server.Made(ctx)
}

// familyOf returns the name of a staging's database, for it and its copies.
func familyOf(m postgres.Made) string {
	name, _, _ := strings.Cut(m.Name, "__")
	return name
}
