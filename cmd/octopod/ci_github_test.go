package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"gopkg.in/yaml.v3"
)

// actionlint accepts the example, including its use of the action's inputs and outputs.
func TestExampleGitHubIsLinted(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	workflow := strings.ReplaceAll(example(t, "github.yml", nil), "acme/octopod@main", "./octopod")
	file := filepath.Join(root, ".github", "workflows", "staging.yml")
	action, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		file: []byte(workflow), filepath.Join(root, "octopod", "action.yml"): action, filepath.Join(root, ".git", "HEAD"): nil,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	linter, err := actionlint.NewLinter(&out, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if faults, err := linter.LintFiles([]string{file}, nil); err != nil || len(faults) > 0 {
		t.Errorf("%v\n%s", err, out.String())
	}
	wrong := strings.Replace(workflow, "service: backend", "servise: backend", 1)
	if faults, err := linter.Lint(file, []byte(wrong), nil); err != nil || len(faults) == 0 {
		t.Errorf("actionlint does not find a wrong input, so it does not read the action (%v)", err)
	}
}

type gitHubStep struct {
	ID    string            `yaml:"id"`
	Name  string            `yaml:"name"`
	If    string            `yaml:"if"`
	Uses  string            `yaml:"uses"`
	Run   string            `yaml:"run"`
	Shell string            `yaml:"shell"`
	Env   map[string]string `yaml:"env"`
	With  map[string]string `yaml:"with"`
}

// runner runs jobs like GitHub (https://docs.github.com/actions/reference), as far as
// the example needs: conditions, expressions, env, steps, outputs, composite actions.
type runner struct {
	*ciMachine
	contexts map[string]any
}

// eval computes an expression; null is "".
func (r *runner) eval(t *testing.T, n actionlint.ExprNode) any {
	t.Helper()
	switch n := n.(type) {
	case *actionlint.StringNode:
		return n.Value
	case *actionlint.VariableNode:
		return r.contexts[n.Name]
	case *actionlint.ObjectDerefNode:
		of, _ := r.eval(t, n.Receiver).(map[string]any)
		for name, value := range of {
			if strings.EqualFold(name, n.Property) { // the parser gives names in lower case
				return value
			}
		}
		return nil
	case *actionlint.LogicalOpNode:
		left := r.eval(t, n.Left)
		if (n.Kind == actionlint.LogicalOpNodeKindAnd) == truthy(left) {
			return r.eval(t, n.Right)
		}
		return left
	case *actionlint.CompareOpNode:
		equal := text(r.eval(t, n.Left)) == text(r.eval(t, n.Right))
		return equal == (n.Kind == actionlint.CompareOpNodeKindEq)
	}
	t.Fatalf("this test does not know %T", n)
	return nil
}

func truthy(v any) bool { return v != nil && v != "" && v != false }

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (r *runner) expression(source string) any {
	r.t.Helper()
	node, err := actionlint.NewExprParser().Parse(actionlint.NewExprLexer(source + "}}"))
	if err != nil {
		r.t.Fatalf("%s: %v", source, err)
	}
	return r.eval(r.t, node)
}

var placeholder = regexp.MustCompile(`\$\{\{(.*?)\}\}`)

func (r *runner) fill(given string) string {
	r.t.Helper()
	return placeholder.ReplaceAllStringFunc(given, func(found string) string {
		return text(r.expression(placeholder.FindStringSubmatch(found)[1]))
	})
}

// scope replaces the expressions in a map.
func (r *runner) scope(given map[string]string) map[string]string {
	filled := map[string]string{}
	for name, value := range given {
		filled[name] = r.fill(value)
	}
	return filled
}

// steps runs steps. Their variables stay set until the end of the job.
func (r *runner) steps(steps []gitHubStep) {
	r.t.Helper()
	for _, s := range steps {
		switch {
		case s.If != "" && !truthy(r.expression(s.If)), strings.HasPrefix(s.Uses, "actions/checkout@"):
		case s.Uses == "acme/octopod@main":
			r.action(s)
		case s.Run != "":
			r.step(s)
		default:
			r.t.Fatalf("this test does not know %s", s.Uses)
		}
	}
}

// step runs one script with its own GITHUB_OUTPUT.
func (r *runner) step(s gitHubStep) {
	r.t.Helper()
	if strings.Contains(s.Run, "${{") {
		r.t.Errorf("step %q puts an expression into its script", s.Name)
	}
	before := maps.Clone(r.env)
	maps.Copy(r.env, r.scope(s.Env))
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"} {
		r.env[name] = filepath.Join(r.t.TempDir(), name)
	}
	if out := r.run("bash", "set -o pipefail\n"+s.Run); strings.Contains(out, "right") {
		r.t.Errorf("step %q prints the token: %s", s.Name, out)
	}
	outputs := map[string]any{}
	for line := range strings.Lines(read(r.env["GITHUB_OUTPUT"])) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		outputs[name] = value
	}
	r.contexts["steps"].(map[string]any)[s.ID] = map[string]any{"outputs": outputs, "summary": read(r.env["GITHUB_STEP_SUMMARY"])}
	path := strings.TrimSpace(read(r.env["GITHUB_PATH"]))
	r.env = before
	if path != "" {
		r.env["PATH"] = path + ":" + r.env["PATH"]
	}
}

func read(file string) string {
	data, _ := os.ReadFile(file) // a step need not write it
	return string(data)
}

// action runs action.yml with the program that the tests built, to save another build.
func (r *runner) action(s gitHubStep) {
	r.t.Helper()
	var a struct {
		Inputs map[string]struct {
			Default  string `yaml:"default"`
			Required bool   `yaml:"required"`
		} `yaml:"inputs"`
		Outputs map[string]struct {
			Value string `yaml:"value"`
		} `yaml:"outputs"`
		Runs struct {
			Steps []gitHubStep `yaml:"steps"`
		} `yaml:"runs"`
	}
	data, err := os.ReadFile("../../action.yml")
	if err != nil {
		r.t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &a); err != nil {
		r.t.Fatal(err)
	}
	with, inputs := r.scope(s.With), map[string]any{}
	for name, input := range a.Inputs {
		inputs[name] = input.Default
		if value, ok := with[name]; ok {
			inputs[name] = value
		} else if input.Required {
			r.t.Errorf("input %s is missing", name)
		}
	}
	inputs["env-repo"], inputs["username"] = r.url, "ci"
	if inputs["binary"], err = exec.LookPath("octopod"); err != nil {
		r.t.Fatal(err)
	}
	for _, name := range []string{"OCTOPOD_ENV_REPO", "OCTOPOD_GIT_USERNAME", "OCTOPOD_GIT_TOKEN"} {
		delete(r.env, name) // the inputs set them
	}
	inner := &runner{r.ciMachine, map[string]any{"inputs": inputs, "steps": map[string]any{}}}
	inner.steps(a.Runs.Steps)
	outputs := map[string]any{}
	for name, o := range a.Outputs {
		outputs[name] = inner.fill(o.Value)
	}
	outputs["summary"] = inner.contexts["steps"].(map[string]any)["octopod"].(map[string]any)["summary"]
	r.contexts["steps"].(map[string]any)[s.ID] = map[string]any{"outputs": outputs}
}

// job runs a job of the example if its condition is true.
func (r *runner) job(name string) (ran bool) {
	r.t.Helper()
	var workflow struct {
		Jobs map[string]struct {
			If    string            `yaml:"if"`
			Env   map[string]string `yaml:"env"`
			Steps []gitHubStep      `yaml:"steps"`
		} `yaml:"jobs"`
	}
	if err := yaml.Unmarshal([]byte(example(r.t, "github.yml", nil)), &workflow); err != nil {
		r.t.Fatal(err)
	}
	job := workflow.Jobs[name]
	if !truthy(r.expression(job.If)) {
		return false
	}
	env := map[string]any{}
	for name, value := range r.scope(job.Env) {
		r.env[name], env[name] = value, value
	}
	r.contexts["env"], r.contexts["steps"] = env, map[string]any{}
	r.steps(job.Steps)
	return true
}

// sendEvent sets the variables and contexts of a GitHub event.
func (r *runner) sendEvent(name, payload string) {
	r.t.Helper()
	file := filepath.Join(r.dir, "event.json")
	if err := os.WriteFile(file, []byte(payload), 0o644); err != nil {
		r.t.Fatal(err)
	}
	var event map[string]any
	if err := yaml.Unmarshal([]byte(payload), &event); err != nil {
		r.t.Fatal(err)
	}
	r.env["GITHUB_EVENT_NAME"], r.env["GITHUB_EVENT_PATH"] = name, file
	r.contexts = map[string]any{
		"secrets": map[string]any{"STAGINGS_TOKEN": "right", "GITHUB_TOKEN": "x"},
		"github":  map[string]any{"repository": "acme/shop-backend", "event_name": name, "sha": r.env["GITHUB_SHA"], "event": event},
	}
}

func pullEvent(action, from string) string {
	return `{"action": "` + action + `", "pull_request": {"number": 7, "title": "Passkeys", "html_url": "https://github.com/acme/shop-backend/pull/7",
		"user": {"login": "ada"}, "head": {"ref": "feature/login", "sha": "` + headCommit + `", "repo": {"full_name": "` + from + `"}}}}`
}

// https://docs.github.com/actions/reference/workflows-and-actions/variables
func TestExampleGitHub(t *testing.T) {
	t.Parallel()
	r := &runner{ciMachine: newCIMachine(t, map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat", "GITHUB_ACTOR_ID": "583231", "GITHUB_REPOSITORY": "acme/shop-backend",
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "99", "GITHUB_RUN_NUMBER": "42",
		"GITHUB_WORKFLOW_REF": "acme/shop-backend/.github/workflows/staging.yml@refs/pull/7/merge",
		"GITHUB_REF":          "refs/pull/7/merge", "GITHUB_SHA": mergeCommit, "RUNNER_TEMP": t.TempDir(), "GITHUB_ACTION_PATH": t.TempDir(),
	})}
	r.sendEvent("pull_request", pullEvent("synchronize", "mallory/shop"))
	if r.job("deploy") || r.job("cleanup") {
		t.Error("the pull request of a fork runs a job")
	}

	r.sendEvent("pull_request", pullEvent("synchronize", "acme/shop-backend"))
	if r.job("cleanup") || !r.job("deploy") {
		t.Fatal("an open pull request is deployed, not removed")
	}
	backend := r.deployed("ghcr.io/acme/shop-backend:"+headCommit, "github.com/acme/shop-backend", "octocat")
	if backend.Run.Number != 42 || backend.Run.Pipeline != "github.com/acme/shop-backend/.github/workflows/staging.yml" {
		t.Errorf("nothing orders the builds: %+v", backend)
	}
	for name, want := range map[string]string{"name": "login", "url": "https://login.staging.example.com", "changed": "true", "commit": headCommit} {
		if got := text(r.expression("steps.staging.outputs." + name)); got != want {
			t.Errorf("output %s is %q, want %q", name, got, want)
		}
	}
	if summary := text(r.expression("steps.staging.outputs.summary")); !strings.Contains(summary, "### Staging login: deployed") {
		t.Errorf("the summary is %q", summary)
	}

	r.sendEvent("pull_request", pullEvent("closed", "acme/shop-backend"))
	if r.job("deploy") || !r.job("cleanup") {
		t.Fatal("a closed pull request is removed, not deployed")
	}
	r.removed()
}
