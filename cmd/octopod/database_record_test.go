package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"octopod/generator/database"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// recordJob is the Job of a database with the env repo that its record is in.
type recordJob struct {
	*job
	work string // a clone of the env repo
}

// renderedArguments returns the arguments of the Job that the env repo has for the staging.
// Two of them belong to the cluster, where no test is: the mounted Secret of the
// provisioner, and the Secret that the Job makes.
func (j *recordJob) renderedArguments() []string {
	j.t.Helper()
	for text := range strings.SplitSeq(j.rendered(), "\n---\n") {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
			Spec     struct {
				Template struct {
					Spec struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			j.t.Fatal(err)
		}
		if object.Kind == "Job" && strings.HasPrefix(staging.StableName(object.Kind, object.Metadata.Name), "database") {
			args := object.Spec.Template.Spec.Containers[0].Args
			if i := slices.Index(args, "--admin"); i > 0 {
				args = slices.Delete(args, i, i+2)
			}
			if i := slices.Index(args, "--secret"); i > 0 {
				args[i+1] = ""
			}
			return args[1:] // run adds the word database
		}
	}
	j.t.Fatal("the staging has no Job of a database")
	return nil
}

// rendered returns the objects of the staging.
func (j *recordJob) rendered() string {
	j.t.Helper()
	var out bytes.Buffer
	args := []string{"render", "login", "--env-repo", j.repo}
	if exit := run(j.t.Context(), args, stdio{strings.NewReader(""), &out, j.t.Output()}, environ{}, time.Now); exit != 0 {
		j.t.Fatalf("octopod %s: exit code %d", args, exit)
	}
	return out.String()
}

// doctor runs octopod doctor with the server of databases in its environment.
func (j *recordJob) doctor() string {
	j.t.Helper()
	var out bytes.Buffer
	env := environ{"PGHOST": j.Host, "PGPORT": j.Port, "PGSSLMODE": "disable", "PGUSER": "octopod", "PGPASSWORD": "of octopod's"}
	run(j.t.Context(), []string{"doctor", "--env-repo", j.repo}, stdio{strings.NewReader(""), &out, j.t.Output()}, env, time.Now)
	return out.String()
}

// after runs a change of the record, and then the Job as it is rendered now.
func (j *recordJob) after(change ...string) {
	j.t.Helper()
	if change[0] == "git" {
		testenv.Git(j.t, j.work, "pull", "--quiet", "--rebase")
		testenv.Git(j.t, j.work, change[1:]...)
		testenv.Git(j.t, j.work, "push", "--quiet")
	} else {
		j.octopod(change...)
	}
	j.ends(0, database.Done, j.renderedArguments()...)
}

// holds fails unless the staging's database has these items in its cart; "none" means that
// it has no cart.
func (j *recordJob) holds(want string) {
	j.t.Helper()
	got := "none"
	if exists := j.Lines(j.t, "shop_login", "SELECT (to_regclass('public.cart') IS NOT NULL)::text"); exists[0] == "true" {
		got = strings.Join(j.Lines(j.t, "shop_login", "SELECT item FROM cart ORDER BY item"), " ")
	}
	if got != want {
		j.t.Errorf("the staging's database holds %s, want %s", got, want)
	}
}

// The verbs of the data, and git revert, reach a real server through the Job that the env
// repo has: reset, undo, restore, and back.
func TestTheRecordOfAStagingKeepsItsData(t *testing.T) {
	j := &recordJob{job: newJob(t)}
	j.repo = testenv.EmptyBare(t, filepath.Join(t.TempDir(), "envs.git"))
	j.octopod("init", "--project", "shop", "--base-domain", "staging.example.com")
	j.work = testenv.WorkTree(t, j.repo, filepath.Join(t.TempDir(), "work"))
	text := readTestFile(t, filepath.Join(j.work, "octopod.yaml"))
	testenv.WriteFile(t, j.work, "octopod.yaml", text+shopDatabase)
	testenv.Git(t, j.work, "commit", "--quiet", "--all", "--message", "a database for every staging")
	testenv.Git(t, j.work, "push", "--quiet")

	j.after("deploy", "--branch", "feature/login")
	j.holds("none")
	j.Exec(t, "shop_login", "CREATE TABLE cart (item text)", "INSERT INTO cart VALUES ('tea')")
	j.after("db", "snapshot", "login", "with-tea", "--note", "one item")
	j.Exec(t, "shop_login", "INSERT INTO cart VALUES ('milk')")
	j.holds("milk tea")

	j.after("db", "reset", "login", "--reason", "a clean start")
	j.holds("none")
	j.after("db", "undo", "login")
	j.holds("milk tea")
	j.after("db", "reset", "login") // the same generation as before, and new data
	j.holds("none")
	j.after("git", "revert", "--no-edit", "HEAD")
	j.holds("milk tea")
	j.after("db", "restore", "login", "with-tea")
	j.holds("tea")
	j.after("git", "revert", "--no-edit", "HEAD")
	j.holds("milk tea")
	j.after("git", "revert", "--no-edit", "HEAD") // and the restore again
	j.holds("tea")

	if text := j.doctor(); !strings.Contains(text, "✓ databases of no staging") {
		t.Errorf("doctor: %s", text)
	}
	j.ends(0, database.Done, "converge", "shop_gone", "--staging", "shop/gone", "--generation", "1", "--from", "seed/shop_seed_12", "--group", "shop_app", "--secret", "")
	if text := j.doctor(); !strings.Contains(text, "! databases of no staging") || !strings.Contains(text, "octopod database drop shop_gone --staging shop/gone") {
		t.Errorf("doctor: %s", text)
	}
	j.ends(0, database.Done, "drop", "shop_gone", "--staging", "shop/gone")

	j.after("db", "forget", "login", "with-tea")
	if got := j.databases(); got != "shop_login,shop_login__old,shop_seed_12" {
		t.Errorf("databases %s", got)
	}
	j.after("delete", "login", "--yes")
	if got := j.databases(); got != "shop_seed_12" {
		t.Errorf("databases %s", got)
	}
}

// readTestFile returns the text of a file.
func readTestFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A seed gets another database by a commit, if the server has it as a seed. Stagings keep
// the one that they started from.
func TestASeedGetsAnotherDatabase(t *testing.T) {
	j := &recordJob{job: newJob(t)}
	j.repo = testenv.EmptyBare(t, filepath.Join(t.TempDir(), "envs.git"))
	j.octopod("init", "--project", "shop", "--base-domain", "staging.example.com")
	j.work = testenv.WorkTree(t, j.repo, filepath.Join(t.TempDir(), "work"))
	text := readTestFile(t, filepath.Join(j.work, "octopod.yaml")) + shopDatabase
	testenv.WriteFile(t, j.work, "octopod.yaml", text)
	testenv.Git(t, j.work, "commit", "--quiet", "--all", "--message", "a database for every staging")
	testenv.Git(t, j.work, "push", "--quiet")
	j.octopod("deploy", "--branch", "feature/login")

	seed := []string{"seed", "small", "--template", "shop_seed_13", "--env-repo", j.repo}
	if exit, _ := j.run(seed...); exit != 3 {
		t.Errorf("a seed that the server lacks: exit code %d", exit)
	}
	j.Exec(t, "postgres", "CREATE DATABASE shop_seed_13 OWNER octopod ALLOW_CONNECTIONS false")
	if exit, out := j.run(seed...); exit != 0 || !strings.Contains(out, "shop_seed_13") {
		t.Fatalf("exit code %d, %s", exit, out)
	}
	testenv.Git(t, j.work, "pull", "--quiet")
	if got, want := readTestFile(t, filepath.Join(j.work, "octopod.yaml")), strings.Replace(text, "shop_seed_12", "shop_seed_13", 1); got != want {
		t.Errorf("octopod.yaml is\n%s", got)
	}
	if exit, _ := j.run("seed", "smal", "--template", "shop_seed_13", "--env-repo", j.repo); exit != 3 {
		t.Errorf("a seed that the project lacks: exit code %d", exit)
	}
	if args := strings.Join(j.renderedArguments(), " "); !strings.Contains(args, "--template shop_seed_12") {
		t.Errorf("the staging changed: %s", args)
	}
	if _, out := j.run("seeds", "--unused", "-o", "json", "--env-repo", j.repo); strings.Contains(out, "shop_seed_1") {
		t.Errorf("both are used: %s", out)
	}
}
