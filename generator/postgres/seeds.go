package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"octopod/generator/database"
)

// Seed is a database that stagings can start from: it is closed to connections, and is no
// copy of Octopod.
type Seed struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // in bytes; 0 if the provisioner may not read it
}

// Made is a database that Octopod made: the database of a staging, or a copy of it.
type Made struct {
	Name    string `json:"name"`
	Staging string `json:"staging"` // PROJECT/NAME
	Size    int64  `json:"size"`    // in bytes; 0 if the provisioner may not read it
}

const databasesQuery = `
SELECT datname, coalesce(shobj_description(oid, 'pg_database'), ''), datallowconn OR datconnlimit = -2 OR datname = 'template0',
       CASE WHEN pg_has_role(datdba, 'USAGE') OR has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) ELSE 0 END
FROM pg_database ORDER BY datname`

// Seeds returns the seeds on the server, by name.
func (s *Server) Seeds(ctx context.Context) (seeds []Seed, err error) {
	seeds, _, err = s.databases(ctx)
	return seeds, err
}

// Made returns the databases that Octopod made on the server, by name.
func (s *Server) Made(ctx context.Context) (made []Made, err error) {
	_, made, err = s.databases(ctx)
	return made, err
}

func (s *Server) databases(ctx context.Context) (seeds []Seed, made []Made, err error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	rows, _ := c.Query(ctx, databasesQuery) // ForEachRow returns the error
	var name, comment string
	var noSeed bool
	var size int64
	_, err = pgx.ForEachRow(rows, []any{&name, &comment, &noSeed, &size}, func() error {
		if mark, ours := database.ParseMark(comment); ours {
			made = append(made, Made{name, mark.Staging, size})
		} else if !noSeed {
			seeds = append(seeds, Seed{name, size})
		}
		return nil
	})
	return seeds, made, faultOf(ctx, err, "reading the databases of the server")
}
