//go:build cluster

package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	images "octopod/examples/cluster/image"
	programs "octopod/examples/shop"
	"octopod/generator/database"
	"octopod/generator/testenv"
)

// serverObjects are the objects of a PostgreSQL server on the real node.
var serverObjects = map[string]string{
	"/api/v1/namespaces/databases": `{apiVersion: v1, kind: Namespace, metadata: {name: databases}}`,
	"/api/v1/namespaces/databases/services/pg": `{apiVersion: v1, kind: Service, metadata: {name: pg},
    spec: {selector: {app: pg}, ports: [{port: 5432}]}}`,
	"/apis/apps/v1/namespaces/databases/deployments/pg": `{apiVersion: apps/v1, kind: Deployment, metadata: {name: pg}, spec: {
    selector: {matchLabels: {app: pg}}, template: {metadata: {labels: {app: pg}}, spec: {
      nodeSelector: {octopod.dev/node: real}, tolerations: [{key: octopod.dev/node, operator: Exists}], securityContext: {fsGroup: 70},
      volumes: [{name: data, emptyDir: {}}],
      containers: [{name: pg, image: "` + programs.PostgresImage + `", volumeMounts: [{name: data, mountPath: /var/lib/postgresql}],
        env: [{name: POSTGRES_USER, value: ops}, {name: POSTGRES_PASSWORD, value: "` + testenv.PostgresPassword + `"}],
        readinessProbe: {exec: {command: [pg_isready, -h, 127.0.0.1]}, periodSeconds: 1}}]}}}}`,
}

// sharedServer starts the server, and prepares it as docs/databases.md says.
func (s *shop) sharedServer() *testenv.Postgres {
	s.t.Helper()
	for _, path := range []string{"/api/v1/namespaces/databases", "/api/v1/namespaces/databases/services/pg", "/apis/apps/v1/namespaces/databases/deployments/pg"} {
		s.apply(path, []byte(serverObjects[path]))
	}
	server := &testenv.Postgres{Port: "5432"}
	testenv.Eventually(s.t, "the PostgreSQL server is ready", func() (string, bool) {
		var pods corev1.PodList
		s.list("/api/v1/namespaces/databases/pods", &pods)
		for _, pod := range pods.Items {
			if server.Host = pod.Status.PodIP; len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].Ready {
				return server.Host, true
			}
		}
		return fmt.Sprint(pods.Items), false
	})
	s.executes(server, "postgres",
		"CREATE ROLE octopod LOGIN CREATEDB CREATEROLE PASSWORD 'of-octopod'", "GRANT pg_signal_backend TO octopod", "CREATE ROLE shop_app NOLOGIN",
		"REVOKE CONNECT ON DATABASE postgres, template1, ops FROM PUBLIC", "GRANT CONNECT ON DATABASE postgres TO octopod",
		"CREATE DATABASE shop_seed_products OWNER octopod")
	s.executes(server, "shop_seed_products", "GRANT USAGE, CREATE ON SCHEMA public TO shop_app", "SET ROLE shop_app",
		"CREATE TABLE migration (name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())",
		"INSERT INTO migration (name) VALUES ('0001_products')", s.migration("0001_products.sql"))
	s.executes(server, "postgres", "ALTER DATABASE shop_seed_products ALLOW_CONNECTIONS false")
	return server
}

// migration returns the statements of a migration of the backend.
func (s *shop) migration(file string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "shop", "backend", "migrations", file))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// operator returns the connection string of the superuser of the shared server.
func operator(server *testenv.Postgres, database string) string {
	return server.Login("ops", testenv.PostgresPassword, database)
}

func (s *shop) executes(server *testenv.Postgres, database string, statements ...string) {
	s.t.Helper()
	conn := server.Connect(s.t, operator(server, database))
	for _, statement := range statements {
		if _, err := conn.Exec(s.t.Context(), statement); err != nil {
			s.t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := conn.Close(s.t.Context()); err != nil { // a seed must have no sessions
		s.t.Fatal(err)
	}
}

// column returns the names that a query of the operator finds.
func (s *shop) column(server *testenv.Postgres, query string) string {
	s.t.Helper()
	rows, _ := server.Connect(s.t, operator(server, "postgres")).Query(s.t.Context(), query) // CollectRows returns the error
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// holds compares the databases and roles of the server with a list.
func (s *shop) holds(server *testenv.Postgres, want string) {
	s.t.Helper()
	got := s.column(server, "SELECT datname::text FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1', 'ops') ORDER BY datname COLLATE \"C\"") +
		" | " + s.column(server, "SELECT rolname::text FROM pg_roles WHERE rolname !~ '^pg_' AND rolname NOT IN ('postgres', 'ops') ORDER BY 1")
	if got != want {
		s.t.Errorf("the server has\n%s, want\n%s", got, want)
	}
}

// useSharedServer changes the sample as programs.SharedServer does.
func (s *shop) useSharedServer() {
	s.t.Helper()
	octopod, err := images.Executable(world.octopod)
	if err != nil {
		s.t.Fatal(err)
	}
	s.has(map[string]v1.Image{programs.OctopodImage: octopod})
	s.byHand(func(work string) {
		if err := programs.SharedServer(work); err != nil {
			s.t.Fatal(err)
		}
	})
	s.octopod("lint", "--fix")
	s.apply(argocdAPI+"appprojects/"+s.project, s.file("argocd/appproject.yaml"))
	s.apply(argocdAPI+"applicationsets/"+s.project, s.file("argocd/applicationset.yaml"))
}

// admits copies the Secret of the provisioner into the namespace of a staging, as a reflector does.
func (s *shop) admits(name string) {
	s.t.Helper()
	namespace := "/api/v1/namespaces/" + s.namespace(name)
	s.apply(namespace, fmt.Appendf(nil, "{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", s.namespace(name)))
	s.apply(namespace+"/secrets/database-admin", []byte(`{apiVersion: v1, kind: Secret, metadata: {name: database-admin}, stringData: {username: octopod, password: of-octopod}}`))
}

// migrates builds the programs of a branch with one more migration, and deploys them.
func (s *shop) migrates(name, statement string) {
	s.t.Helper()
	dir := s.t.TempDir()
	testenv.WriteFile(s.t, dir, "migration.sql", statement)
	place, err := filepath.Abs(filepath.Join("..", "..", "shop", "backend", "migrations", "0003_"+name+".sql"))
	if err != nil {
		s.t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{place: filepath.Join(dir, "migration.sql")}})
	if err != nil {
		s.t.Fatal(err)
	}
	testenv.WriteFile(s.t, dir, "overlay.json", string(overlay))
	before := os.Getenv("GOFLAGS")
	s.t.Setenv("GOFLAGS", strings.TrimSpace(before+" -overlay="+filepath.Join(dir, "overlay.json")))
	s.branch(name, nil)
	s.t.Setenv("GOFLAGS", before)
}

// login returns a variable of the Secret of a staging's database.
func (s *shop) login(name, variable string) string {
	s.t.Helper()
	var secret corev1.Secret
	s.list("/api/v1/namespaces/"+s.namespace(name)+"/secrets/database", &secret)
	return string(secret.Data[variable])
}

// connects connects as a staging to the database of a staging.
func (s *shop) connects(server *testenv.Postgres, as, to string) (*pgx.Conn, error) {
	s.t.Helper()
	return pgx.Connect(s.t.Context(), server.Login(s.login(as, "PGUSER"), s.login(as, "PGPASSWORD"), s.login(to, "PGDATABASE")))
}

// ownDatabases migrates one table in opposite ways. Each staging sees its own alone.
func (s *shop) ownDatabases(server *testenv.Postgres) {
	types := map[string]string{"login": "bigint", "search": "smallint"}
	for name, wide := range types {
		s.admits(name)
		s.migrates(name, "ALTER TABLE product ALTER COLUMN cents TYPE "+wide)
	}
	for name := range types {
		s.waits(name, "running")
	}
	for name, other := range map[string]string{"login": "search", "search": "login"} {
		conn, err := s.connects(server, name, name)
		if err != nil {
			s.t.Fatal(err)
		}
		var got, applied string
		err = conn.QueryRow(s.t.Context(), `SELECT data_type, (SELECT string_agg(name, ' ' ORDER BY name) FROM migration)
			FROM information_schema.columns WHERE table_name = 'product' AND column_name = 'cents'`).Scan(&got, &applied)
		if err != nil || got != types[name] || applied != "0001_products 0002_carts 0003_"+name {
			s.t.Errorf("%s sees %s after %q, %v", name, got, applied, err)
		}
		_ = conn.Close(s.t.Context())
		var said *pgconn.PgError
		if _, err := s.connects(server, name, other); !errors.As(err, &said) || said.Code != "42501" {
			s.t.Errorf("%s connects to the database of %s: %v", name, other, err)
		}
	}
	prefix := strings.ReplaceAll(s.project, "-", "_")
	s.holds(server, fmt.Sprintf("%[1]s_login %[1]s_search shop_seed_products | %[1]s_login %[1]s_search octopod shop_app", prefix))
}

// cart waits until the page of a staging shows this much tea in the cart of eve.
func (s *shop) cart(name string, quantity int) {
	s.t.Helper()
	testenv.Eventually(s.t, fmt.Sprintf("the cart of %s has %d tea", name, quantity), func() (string, bool) {
		page := s.visit(name, "/", nil)
		return page, strings.HasPrefix(page, "200") && strings.Contains(page, fmt.Sprintf("id=\"quantity-tea\">%d<", quantity))
	})
}

// dataReturns puts tea into the cart of a staging and saves it. Then each change of the data
// arrives: resets, and what takes them back.
func (s *shop) dataReturns() {
	s.cart("login", 0)
	s.visit("login", "/cart", url.Values{"product": {"tea"}})
	s.cart("login", 1)
	s.octopod("db", "snapshot", "login", "with-tea")
	reset := func() { s.octopod("db", "reset", "login", "--reason", "a clean start") }
	for _, step := range []struct {
		change func()
		tea    int
	}{
		{reset, 0}, // beside the snapshot, in one sync or two
		{func() { s.byHand(func(work string) { testenv.Git(s.t, work, "revert", "--no-commit", "HEAD") }) }, 1},
		{reset, 0},
		{func() { s.octopod("db", "restore", "login", "with-tea") }, 1},
		{func() { s.octopod("db", "undo", "login") }, 0},
	} {
		step.change()
		s.waits("login", "running") // it refreshes Argo CD, which hears of no push by hand
		s.cart("login", step.tea)
	}
	s.cart("search", 0)
}

// dataGo archives one staging, whose data stay, and deletes both.
func (s *shop) dataGo(server *testenv.Postgres) {
	s.octopod("archive", "login")
	s.waits("login", "archived")
	if jobs := s.jobs("login"); len(jobs) > 0 {
		s.t.Errorf("it is archived and has %d Jobs", len(jobs))
	}
	prefix := strings.ReplaceAll(s.project, "-", "_")
	snapshot := database.SnapshotCopy(prefix+"_login", "with-tea")
	s.holds(server, fmt.Sprintf("%[1]s_login %[2]s %[1]s_login__old %[1]s_search shop_seed_products | %[1]s_login %[1]s_search octopod shop_app", prefix, snapshot))
	for _, name := range []string{"login", "search"} {
		s.octopod("delete", name, "--yes")
	}
	for _, name := range []string{"login", "search"} {
		testenv.Eventually(s.t, "the database of "+name+" is dropped", func() (string, bool) {
			jobs := s.jobs(name)
			return fmt.Sprint(jobs), slices.ContainsFunc(jobs, func(j batchv1.Job) bool {
				return strings.HasPrefix(j.Name, "database-drop") && j.Status.Succeeded == 1
			})
		})
		s.octopod("delete", name, "--yes", "--finish")
	}
	for _, name := range []string{"login", "search"} {
		s.waits(name, "deleted")
	}
	s.holds(server, "shop_seed_products | octopod shop_app")
}
