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

const seedsQuery = `
SELECT datname, coalesce(shobj_description(oid, 'pg_database'), ''),
       CASE WHEN pg_has_role(datdba, 'USAGE') OR has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) ELSE 0 END
FROM pg_database WHERE NOT datallowconn AND datconnlimit <> -2 AND datname <> 'template0' ORDER BY datname`

// Seeds returns the seeds on the server, by name.
func (s *Server) Seeds(ctx context.Context) ([]Seed, error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	rows, _ := c.Query(ctx, seedsQuery) // ForEachRow returns the error
	var name, comment string
	var size int64
	var seeds []Seed
	_, err = pgx.ForEachRow(rows, []any{&name, &comment, &size}, func() error {
		if _, ours := database.ParseMark(comment); !ours {
			seeds = append(seeds, Seed{name, size})
		}
		return nil
	})
	return seeds, faultOf(ctx, err, "reading the databases of the server")
}
