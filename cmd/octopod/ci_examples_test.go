package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const (
	examplesDir = "../../examples/ci"
	headCommit  = "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c"
	mergeCommit = "ffffffffffffffffffffffffffffffffffffffff"
)

// ciMachine is a machine of a CI system: its variables, a folder, an env repo on a
// git server that requires a token, octopod, and a fake docker.
type ciMachine struct {
	t    *testing.T
	dir  string
	repo string // the bare env repo
	url  string
	env  map[string]string
}

func newCIMachine(t *testing.T, variables map[string]string) *ciMachine {
	t.Helper()
	m := &ciMachine{t: t, dir: t.TempDir(), env: map[string]string{"CI": "true"}}
	root := t.TempDir()
	m.repo = testenv.EmptyBare(t, filepath.Join(root, "stagings.git"))
	server := testenv.ServeHTTP(t, root)
	server.Require("ci", "right")
	m.url = server.URL + "/stagings.git"
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte("#!/bin/sh\necho docker \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	maps.Copy(m.env, map[string]string{
		"PATH": bin + ":" + os.Getenv("PATH"), "HOME": t.TempDir(), "OCTOPOD_ALLOW_PLAIN_HTTP": "true",
		"OCTOPOD_GIT_USERNAME": "ci", "OCTOPOD_GIT_TOKEN": "right", "OCTOPOD_ENV_REPO": m.url,
	})
	m.run("sh", "octopod init --quiet --project shop --base-domain staging.example.com")
	m.allowImages(filepath.Join(root, "stagings.git"), "registry.example.com/acme/*", "ghcr.io/acme/*")
	maps.Copy(m.env, variables)
	return m
}

// allowImages lets the service backend take images of more repositories, as the team of
// the example has written it into octopod.yaml.
func (m *ciMachine) allowImages(repo string, patterns ...string) {
	m.t.Helper()
	m.run("sh", fmt.Sprintf(`git clone -q %[1]s "$HOME/stagings" && cd "$HOME/stagings"
sed -i 's|^    backend:$|&\n      images: ["%[2]s"]|' octopod.yaml
git -c user.name=Ada -c user.email=ada@example.com commit -q --amend --no-edit --all && git push -q --force`, repo, strings.Join(patterns, `", "`)))
}

// run runs a script in a shell, as CI systems do: it ends at the first command that
// fails.
func (m *ciMachine) run(shell, script string) string {
	m.t.Helper()
	c := exec.Command(shell, "-e", "-c", script)
	c.Dir = m.dir
	for name, value := range m.env {
		c.Env = append(c.Env, name+"="+value)
	}
	out, err := c.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

// record reads staging login from the env repo; nil if it does not exist.
func (m *ciMachine) record() *staging.Document {
	m.t.Helper()
	text, err := testenv.TryGit(m.repo, "show", "main:envs/login/staging.yaml")
	if err != nil {
		return nil
	}
	var doc staging.Document
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		m.t.Fatal(err)
	}
	return &doc
}

// deployed checks the commit of a deploy.
func (m *ciMachine) deployed(image, repository, author string) staging.Service {
	m.t.Helper()
	doc := m.record()
	if doc == nil {
		m.t.Fatal("there is no staging login")
	}
	backend := doc.Spec.Services["backend"]
	if doc.Spec.Branch != "feature/login" || backend.Image != image || backend.Commit != headCommit || backend.Repository != repository {
		m.t.Errorf("the record says %+v", doc.Spec)
	}
	if got := testenv.Git(m.t, m.repo, "log", "-1", "--format=%an, %(trailers:key=Octopod-Via,valueonly,separator=%x20)", "main"); got != author+", ci" {
		m.t.Errorf("the commit is by %q, want %q", got, author)
	}
	if got := testenv.Git(m.t, m.repo, "rev-list", "--count", "main"); got != "2" {
		m.t.Errorf("%s commits, want init and one deploy", got)
	}
	return backend
}

func (m *ciMachine) removed() {
	m.t.Helper()
	if m.record() != nil {
		m.t.Error("the staging is still there")
	}
}

func (m *ciMachine) file(name string) string {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(data)
}

// dotenv parses KEY=VALUE lines and checks the outputs of a deploy.
func (m *ciMachine) dotenv(name string) map[string]string {
	m.t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(m.file(name)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok {
			m.t.Errorf("%q is not KEY=VALUE", line)
		}
		values[key] = value
	}
	for key, want := range map[string]string{
		"STAGING_NAME": "login", "STAGING_URL": "https://login.staging.example.com", "STAGING_CHANGED": "true", "STAGING_COMMIT": headCommit,
		"STAGING_REVISION": testenv.Git(m.t, m.repo, "rev-parse", "main"),
	} {
		if values[key] != want {
			m.t.Errorf("%s is %q, want %q", key, values[key], want)
		}
	}
	return values
}

// example reads an example. It also decodes YAML into into, which must have every field.
func example(t *testing.T, name string, into any) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(examplesDir, name))
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		decoder := yaml.NewDecoder(bytes.NewReader(data))
		decoder.KnownFields(true)
		if err := decoder.Decode(into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return string(data)
}

// expand replaces $NAME, as GitLab does in a job's environment.
func expand(text string, values map[string]string) string {
	return os.Expand(text, func(name string) string { return values[name] })
}

type gitlabJob struct {
	Stage     string            `yaml:"stage"`
	Image     string            `yaml:"image"`
	Services  []string          `yaml:"services"`
	Variables map[string]string `yaml:"variables"`
	Script    []string          `yaml:"script"`
	Rules     []struct {
		If           string `yaml:"if"`
		When         string `yaml:"when"`
		AllowFailure bool   `yaml:"allow_failure"`
	} `yaml:"rules"`
	Artifacts struct {
		Reports struct {
			Dotenv string `yaml:"dotenv"`
		} `yaml:"reports"`
	} `yaml:"artifacts"`
	Environment struct {
		Name   string `yaml:"name"`
		URL    string `yaml:"url"`
		OnStop string `yaml:"on_stop"`
		Action string `yaml:"action"`
	} `yaml:"environment"`
}

// https://docs.gitlab.com/ci/variables/predefined_variables/
func TestExampleGitLab(t *testing.T) {
	t.Parallel()
	var ci struct {
		Stages []string             `yaml:"stages"`
		Jobs   map[string]gitlabJob `yaml:",inline"`
	}
	example(t, "gitlab.yml", &ci)
	m := newCIMachine(t, map[string]string{
		"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "feature/login", "CI_COMMIT_REF_NAME": "feature/login", "CI_COMMIT_REF_SLUG": "feature-login",
		"CI_COMMIT_SHA": headCommit, "CI_COMMIT_TIMESTAMP": "2026-11-20T10:00:00+01:00", "CI_PIPELINE_IID": "42",
		"CI_PROJECT_URL": "https://gitlab.example.com/acme/shop-backend", "CI_REGISTRY": "registry.example.com", "CI_REGISTRY_IMAGE": "registry.example.com/acme/shop-backend",
		"CI_REGISTRY_USER": "ci", "CI_REGISTRY_PASSWORD": "x", "GITLAB_USER_NAME": "Ada Lovelace", "GITLAB_USER_EMAIL": "ada@example.com",
	})
	for name, job := range ci.Jobs {
		if !slices.Contains(ci.Stages, job.Stage) || len(job.Script) == 0 || job.Rules[0].If != "$CI_COMMIT_BRANCH" {
			t.Errorf("job %s: %+v", name, job)
		}
	}
	for _, name := range []string{"build", "staging"} {
		m.run("sh", strings.Join(ci.Jobs[name].Script, "\n"))
	}
	backend := m.deployed("registry.example.com/acme/shop-backend:"+headCommit, "gitlab.example.com/acme/shop-backend", "Ada Lovelace")
	if backend.Run.Number != 42 || backend.Committed.IsZero() {
		t.Errorf("nothing orders the builds: %+v", backend)
	}
	job := ci.Jobs["staging"]
	values := m.dotenv(job.Artifacts.Reports.Dotenv)
	if got := expand(job.Environment.URL, values); got != "https://login.staging.example.com" {
		t.Errorf("the environment's address is %q", got)
	}
	stop := ci.Jobs[job.Environment.OnStop]
	if stop.Environment.Action != "stop" || stop.Environment.Name != job.Environment.Name || stop.Variables["GIT_STRATEGY"] != "none" || stop.Rules[0].When != "manual" {
		t.Errorf("the job that stops it: %+v", stop)
	}
	for range 2 { // it may run again
		m.run("sh", strings.Join(stop.Script, "\n"))
		m.removed()
	}
}

// https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
func TestExampleBitbucket(t *testing.T) {
	t.Parallel()
	type step struct {
		Step struct {
			Name      string          `yaml:"name"`
			Image     string          `yaml:"image"`
			Services  []string        `yaml:"services"`
			Script    []string        `yaml:"script"`
			Artifacts []string        `yaml:"artifacts"`
			Clone     map[string]bool `yaml:"clone"`
		} `yaml:"step"`
	}
	var ci struct {
		Definitions struct {
			Steps []step `yaml:"steps"`
		} `yaml:"definitions"`
		Pipelines struct {
			Default []step            `yaml:"default"`
			Custom  map[string][]step `yaml:"custom"`
		} `yaml:"pipelines"`
	}
	example(t, "bitbucket-pipelines.yml", &ci)
	m := newCIMachine(t, map[string]string{
		"BITBUCKET_BRANCH": "feature/login", "BITBUCKET_COMMIT": headCommit, "BITBUCKET_BUILD_NUMBER": "12",
		"BITBUCKET_REPO_FULL_NAME": "acme/shop-backend", "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/shop-backend",
		"REGISTRY": "registry.example.com", "REGISTRY_USER": "ci", "REGISTRY_PASSWORD": "x", "OCTOPOD_ACTOR": "Bitbucket",
	})
	out := ""
	for _, s := range ci.Pipelines.Default {
		out = m.run("sh", strings.Join(s.Step.Script, "\n"))
	}
	if !strings.Contains(out, "against https://login.staging.example.com") {
		t.Errorf("the last step prints %q", out)
	}
	if backend := m.deployed("registry.example.com/shop/backend:"+headCommit, "bitbucket.org/acme/shop-backend", "Bitbucket"); backend.Run.Number != 12 {
		t.Errorf("nothing orders the builds: %+v", backend)
	}
	if !slices.Contains(ci.Pipelines.Default[1].Step.Artifacts, "staging.env") {
		t.Error("the next step does not get staging.env")
	}
	m.dotenv("staging.env")
	m.run("sh", strings.Join(ci.Pipelines.Custom["remove-staging"][0].Step.Script, "\n"))
	m.removed()
}

// https://www.jenkins.io/doc/book/pipeline/multibranch/ and
// https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#handling-credentials
func TestExampleJenkins(t *testing.T) {
	t.Parallel()
	text := example(t, "Jenkinsfile", nil)
	if open, closed := strings.Count(text, "{"), strings.Count(text, "}"); open != closed {
		t.Errorf("%d opening and %d closing braces", open, closed)
	}
	m := newCIMachine(t, map[string]string{
		"JENKINS_URL": "https://ci.example.com/", "BRANCH_NAME": "PR-7", "CHANGE_ID": "7", "CHANGE_BRANCH": "feature/login", "CHANGE_TARGET": "main",
		"CHANGE_URL": "https://github.com/acme/shop-backend/pull/7", "CHANGE_TITLE": "Passkeys", "CHANGE_AUTHOR": "ada", "CHANGE_AUTHOR_DISPLAY_NAME": "Ada Lovelace",
		"GIT_COMMIT": headCommit, "GIT_URL": "https://github.com/acme/shop-backend.git", "JOB_NAME": "shop-backend/PR-7", "BUILD_NUMBER": "3",
	})
	for _, assignment := range regexp.MustCompile(`(?m)^ +([A-Z_]+) = '([^']*)'$`).FindAllStringSubmatch(text, -1) {
		m.env[assignment[1]] = assignment[2]
	}
	m.env["OCTOPOD_ENV_REPO"] = m.url
	stages := map[string]string{}
	for _, stage := range regexp.MustCompile(`(?s)stage\('(\w+)'\) \{(.*?)\n    \}`).FindAllStringSubmatch(text, -1) {
		for _, command := range regexp.MustCompile(`(?m)^ +sh '([^']*)'$`).FindAllStringSubmatch(stage[2], -1) {
			stages[stage[1]] += command[1] + "\n"
		}
	}
	m.run("sh", stages["Build"])
	m.run("sh", stages["Staging"])
	m.deployed("registry.example.com/shop/backend:"+headCommit, "github.com/acme/shop-backend", "Ada Lovelace")
	if pull := m.record().Spec.PullRequest; pull == nil || *pull != (staging.PullRequest{Number: 7, URL: "https://github.com/acme/shop-backend/pull/7", Title: "Passkeys", Author: "ada"}) {
		t.Errorf("the pull request is %+v", pull)
	}
	var outputs map[string]string
	if err := json.Unmarshal([]byte(m.file("staging.json")), &outputs); err != nil || outputs["url"] != "https://login.staging.example.com" {
		t.Errorf("staging.json: %v, %v", outputs, err)
	}
	m.run("sh", stages["Remove"])
	m.removed()
}

type tektonTask struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Spec struct {
		Params []struct {
			Name        string  `yaml:"name"`
			Description string  `yaml:"description"`
			Default     *string `yaml:"default"`
		} `yaml:"params"`
		Results []struct {
			Name string `yaml:"name"`
		} `yaml:"results"`
		Steps []struct {
			Name   string `yaml:"name"`
			Image  string `yaml:"image"`
			Script string `yaml:"script"`
			Env    []struct {
				Name      string `yaml:"name"`
				Value     string `yaml:"value"`
				ValueFrom struct {
					SecretKeyRef map[string]string `yaml:"secretKeyRef"`
				} `yaml:"valueFrom"`
			} `yaml:"env"`
		} `yaml:"steps"`
	} `yaml:"spec"`
}

// https://tekton.dev/docs/pipelines/tasks/#using-variable-substitution
func TestExampleTekton(t *testing.T) {
	t.Parallel()
	tasks := map[string]tektonTask{}
	decoder := yaml.NewDecoder(strings.NewReader(example(t, "tekton.yaml", nil)))
	decoder.KnownFields(true)
	for {
		var task tektonTask
		if err := decoder.Decode(&task); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		tasks[task.Metadata.Name] = task
	}
	m := newCIMachine(t, nil)
	params := map[string]string{"env-repo": m.url, "branch": "feature/login", "commit": headCommit, "repository": "github.com/acme/shop-backend",
		"service": "backend", "image": "registry.example.com/shop/backend:" + headCommit, "actor": "Ada Lovelace <ada@example.com>"}
	results := m.runTekton(tasks["octopod-deploy"], params)
	m.deployed(params["image"], params["repository"], "Ada Lovelace")
	want := map[string]string{"name": "login", "url": "https://login.staging.example.com", "revision": testenv.Git(t, m.repo, "rev-parse", "main")}
	if !maps.Equal(results, want) {
		t.Errorf("results are %v, want %v", results, want)
	}
	m.runTekton(tasks["octopod-cleanup"], params)
	m.removed()
}

// runTekton runs a task's steps and returns its results. Parameters must reach a
// script through the environment: in the script text, the shell would run them.
func (m *ciMachine) runTekton(task tektonTask, params map[string]string) map[string]string {
	m.t.Helper()
	substitute := strings.NewReplacer("/tmp/staging.env", filepath.Join(m.dir, "staging.env"))
	variable := regexp.MustCompile(`\$\((params|results)\.([a-z-]+)(\.path)?\)`)
	fill := func(text string) string {
		return variable.ReplaceAllStringFunc(text, func(found string) string {
			part := variable.FindStringSubmatch(found)
			if part[1] == "results" {
				return filepath.Join(m.dir, "result-"+part[2])
			}
			return params[part[2]]
		})
	}
	for _, step := range task.Spec.Steps {
		if strings.Contains(step.Script, "$(params.") {
			m.t.Errorf("step %s puts a parameter into its script", step.Name)
		}
		for _, e := range step.Env {
			if e.ValueFrom.SecretKeyRef == nil {
				m.env[e.Name] = fill(e.Value)
			}
		}
		m.run("sh", substitute.Replace(fill(step.Script)))
	}
	results := map[string]string{}
	for _, r := range task.Spec.Results {
		results[r.Name] = m.file("result-" + r.Name)
	}
	return results
}

// docs/ci.md quotes short parts of every example, word for word.
func TestTheGuideShowsTheExamples(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, block := range regexp.MustCompile("(?s)<!-- examples/ci/(\\S+) -->\n```\\w+\n(.*?)```").FindAllStringSubmatch(string(guide), -1) {
		file, part := block[1], block[2]
		shown[file] = true
		if !strings.Contains(example(t, file, nil), part) {
			t.Errorf("docs/ci.md shows what %s does not say:\n%s", file, part)
		}
		if lines := strings.Count(part, "\n"); lines >= 20 {
			t.Errorf("docs/ci.md shows %d lines of %s", lines, file)
		}
	}
	files, err := os.ReadDir(examplesDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !shown[file.Name()] {
			t.Errorf("docs/ci.md does not show %s", file.Name())
		}
	}
}
