package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/database"
	"octopod/generator/kubernetes"
	"octopod/generator/postgres"
	"octopod/generator/staging"
)

// terminationLog is the file whose text Kubernetes reports as the reason of a pod's end.
const terminationLog = "/dev/termination-log"

// newDatabase returns `octopod database` with its verbs.
func newDatabase(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "database",
		Short: "Make a database server match the records (in a Job)",
		Long: `Make a PostgreSQL server match the records of stagings. The Jobs that Octopod renders run
these verbs in the cluster; docs/databases.md describes their environment.

The environment has the address of the server: PGHOST, PGPORT, PGDATABASE, PGSSLMODE. The
provisioner's name and password come from the folder of --admin, or from PGUSER and
PGPASSWORD.`,
		Example: `  octopod database converge shop_login --staging shop/login --generation 1 \
      --from seed/shop_seed_12
  octopod database drop shop_login --staging shop/login
  octopod database seeds`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newDatabaseConverge(c), newDatabaseDrop(c), newDatabaseSeed(c), newDatabaseSeeds(c), newDatabaseList(c))
	return cmd
}

// serverFlags are the flags of every verb on a database server.
type serverFlags struct {
	admin             string
	timeout, patience time.Duration
	lastWords         string
}

func (s *serverFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.admin, "admin", "", "`folder` with the files username and password of the provisioner")
	f.DurationVar(&s.timeout, "timeout", 15*time.Minute, "time limit of the run")
	f.DurationVar(&s.patience, "patience", 30*time.Second, "how long the run waits for a server that does not answer, and for sessions to end")
	f.StringVar(&s.lastWords, "last-words", terminationLog, "existing `file` for the result of the run")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
}

// serverVariables maps variables of the environment to keywords of a connection.
var serverVariables = map[string]string{
	"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "dbname", "PGUSER": "user", "PGPASSWORD": "password",
	"PGSSLMODE": "sslmode", "PGSSLROOTCERT": "sslrootcert", "PGSSLCERT": "sslcert", "PGSSLKEY": "sslkey",
}

// connectDatabase returns the server that the environment and --admin name.
func (c *cli) connectDatabase(s serverFlags) (*postgres.Server, error) {
	settings := map[string]string{"dbname": "postgres"}
	for variable, keyword := range serverVariables {
		if value := c.getenv(variable); value != "" {
			settings[keyword] = value
		}
	}
	if settings["host"] == "" {
		return nil, database.Faultf(database.Usage, "PGHOST is required: the address of the database server")
	}
	if s.admin != "" {
		for file, keyword := range map[string]string{"username": "user", "password": "password"} {
			text, err := os.ReadFile(filepath.Join(s.admin, file))
			if err != nil {
				return nil, database.Faultf(database.Denied, "reading the provisioner's account: %w", err)
			}
			settings[keyword] = strings.TrimSpace(string(text))
		}
	}
	server, err := postgres.Parse(connectionString(settings), s.patience)
	if err != nil {
		return nil, database.Faultf(database.Usage, "the address of the database server: %w", err)
	}
	return server, nil
}

// connectionString returns settings in the form of libpq.
func connectionString(settings map[string]string) string {
	var b strings.Builder
	for keyword, value := range settings {
		b.WriteString(keyword + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "' ")
	}
	return b.String()
}

// runDatabase runs a verb on a database server, and writes its last words.
func (c *cli) runDatabase(ctx context.Context, s serverFlags, done string, run func(context.Context, *postgres.Server) error) error {
	ctx, cancel := withTimeout(ctx, s.timeout)
	defer cancel()
	server, err := c.connectDatabase(s)
	if err == nil {
		err = run(ctx, server)
	}
	words := database.LastWordsOf(err, done)
	line, _ := json.Marshal(words) // two strings always marshal
	c.stdout.printf("%s\n", line)
	if err := writeLastWords(s.lastWords, append(line, '\n')); err != nil {
		c.note("writing the last words: %v", err)
	}
	if words.Code == database.Superseded {
		return nil // a Job that failed would run again
	}
	return general(err)
}

// general returns an error of a database server with the code of the whole program.
func general(err error) error {
	if err == nil {
		return nil
	}
	words := database.LastWordsOf(err, "")
	return &staging.Error{Code: words.Code.General(), Message: words.Text, Err: errors.Unwrap(err)}
}

// writeLastWords writes to a file that Kubernetes made; elsewhere there is none.
func writeLastWords(file string, line []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}

// credentials returns the Secret for the login of a staging, nil for none.
func (c *cli) credentials(name string) (postgres.Credentials, error) {
	if name == "" {
		return nil, nil
	}
	return kubernetes.InPod(c.getenv("KUBERNETES_SERVICE_HOST"), c.getenv("KUBERNETES_SERVICE_PORT"), kubernetes.AccountFolder, name)
}
