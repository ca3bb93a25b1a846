package project_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// shop is a small project that uses every kind of declaration.
const shop = `apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  naming: {stripPrefixes: [feature/], reserved: [www]}
  services:
    backend: {image: "registry.example.com/shop/backend:main", host: "api-{name}", repository: github.com/acme/backend}
    frontend: {host: "{name}", path: /login}
  parameters:
    PAYMENT_GATEWAY:
      type: enum
      allowed: [sandbox, production]
      default: sandbox
      to: {component: {sandbox: templates/components/sandbox, production: templates/components/production}}
    LOG_LEVEL: {default: info, pattern: "[a-z]+"}
    LEGACY_FLAG: {type: boolean, default: true}
    STRIPE_KEY: {type: secret-reference, to: {patch: {kind: Deployment, name: backend, pointer: /spec/x}}}
    backend.replicas: {scope: deployment, type: integer, min: 0, max: 5, to: {replicas: backend}}
  presets:
    payments-production:
      help: Real payments.
      overrides: {app: {PAYMENT_GATEWAY: production}}
  lifecycle: {ttl: 14d}
`

func parse(t *testing.T, text string) *project.Project {
	t.Helper()
	p, err := project.Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return p
}

var noon = staging.Attribution{At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), By: "Ada"}

// deployed returns the staging of feature/login in the shop.
func deployed(t *testing.T, p *project.Project, change func(*staging.Action)) staging.Staging {
	t.Helper()
	a := staging.Action{
		Verb: staging.Deploy, Name: "login", Branch: "feature/login",
		Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:1f2e3d4", Commit: "1f2e3d4"}},
	}
	if change != nil {
		change(&a)
	}
	s, err := p.Apply(nil, a, noon)
	if err != nil {
		t.Fatalf("deploy: %v", err)
	}
	return s
}

func TestParseReportsAllProblemsWithTheirLines(t *testing.T) {
	_, err := project.Parse([]byte(strings.NewReplacer(
		"engine: kustomize", "engine: kustomise",
		"baseDomain: staging.example.com", "baseDomain: Staging_example",
		`host: "api-{name}"`, `host: "api"`,
		"default: sandbox", "default: sandpit",
		"max: 5", "max: -1",
		"PAYMENT_GATEWAY: production}", "PAYMENT: production}",
	).Replace(shop)))
	if staging.CodeOf(err) != staging.CodeInvalid {
		t.Fatalf("Parse: %v; want an invalid error", err)
	}
	var got []string
	for _, p := range staging.ProblemsOf(err) {
		got = append(got, p.String())
	}
	want := []string{
		`octopod.yaml:5: spec.engine: "kustomise" is not an engine: write kustomize or jsonnet`,
		`octopod.yaml:6: spec.hosts.baseDomain: "Staging_example" is not a valid domain: write staging.example.com`,
		`octopod.yaml:9: spec.services.backend.host: "api" must contain {name} exactly once, so that every staging has its own`,
		`octopod.yaml:15: spec.parameters.PAYMENT_GATEWAY.default: "sandpit" is not allowed: choose sandbox, production`,
		`octopod.yaml:20: spec.parameters.backend.replicas.min: 0 is greater than max -1`,
		`octopod.yaml:24: spec.presets.payments-production.overrides.app.PAYMENT: the project has no parameter "PAYMENT": choose LEGACY_FLAG, LOG_LEVEL, PAYMENT_GATEWAY, STRIPE_KEY, backend.replicas`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestSyntacticProblemsHideNoSemanticOnes(t *testing.T) {
	tests := map[string]struct {
		change []string // old, new, …
		want   []string
	}{
		"both are told": {
			[]string{"{default: info,", "{defualt: info,", "default: sandbox", "default: sandpit", "max: 5", "max: five"},
			[]string{
				`octopod.yaml:15: spec.parameters.PAYMENT_GATEWAY.default: "sandpit" is not allowed: choose sandbox, production`,
				`octopod.yaml:17: spec.parameters.LOG_LEVEL.defualt: is an unknown field; did you mean default? There are: `,
				`octopod.yaml:20: spec.parameters.backend.replicas.max: is text, must be a whole number`,
			},
		},
		"what follows from a fault of form is not": {
			[]string{"default: sandbox", "defualt: sandbox", "allowed: [sandbox, production]", "allowed: 5"},
			[]string{
				`octopod.yaml:14: spec.parameters.PAYMENT_GATEWAY.allowed: is a number, must be a list: write each item on its own line after a dash`,
				`octopod.yaml:15: spec.parameters.PAYMENT_GATEWAY.defualt: is an unknown field; did you mean default? There are: `,
			},
		},
		"without a section nobody knows": {
			[]string{"services:", "servcies:", "default: sandbox", "default: sandpit"},
			[]string{`octopod.yaml:8: spec.servcies: is an unknown field; did you mean services? There are: `},
		},
		"an entry that cannot be read is still there": {
			[]string{`{host: "{name}", path: /login}`, "[]", "default: sandbox", "default: sandpit"},
			[]string{
				`octopod.yaml:10: spec.services.frontend: is a list, must be a map with the fields `,
				`octopod.yaml:15: spec.parameters.PAYMENT_GATEWAY.default: "sandpit" is not allowed: choose sandbox, production`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := project.Parse([]byte(strings.NewReplacer(tt.change...).Replace(shop)))
			var got []string
			for i, p := range staging.ProblemsOf(err) {
				text := p.String()
				if i < len(tt.want) && strings.HasSuffix(tt.want[i], " ") { // without the list of fields
					text = text[:min(len(text), len(tt.want[i]))]
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeployCreatesARecord(t *testing.T) {
	p := parse(t, shop)
	s := deployed(t, p, nil)
	expires := time.Date(2026, 12, 8, 0, 0, 0, 0, time.UTC)
	want := staging.Staging{Name: "login", Spec: staging.Spec{
		Branch: "feature/login", State: staging.Active,
		Services: map[string]staging.Service{
			"backend":  {Image: "registry.example.com/shop/backend:main", Repository: "github.com/acme/backend", From: staging.FromDefault},
			"frontend": {Image: "registry.example.com/shop/frontend:1f2e3d4", Commit: "1f2e3d4", From: staging.FromBranch},
		},
		Overrides: staging.Overrides{App: staging.Values{}, Deployment: staging.Values{}},
		Presets:   nil, Created: noon, Expires: &expires,
	}}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

// Many people read a record, and git keeps it forever.
func TestRecordHasNoPasswordOfARepository(t *testing.T) {
	p := parse(t, strings.ReplaceAll(shop, "github.com/acme/backend", "https://ci:hunter2@github.com/acme/backend.git"))
	s := deployed(t, p, func(a *staging.Action) {
		build := a.Images["frontend"]
		build.Repository = "https://x:hunter2@github.com/acme/frontend.git"
		a.Images["frontend"] = build
	})
	want := map[string]string{"backend": "https://github.com/acme/backend.git", "frontend": "https://github.com/acme/frontend.git"}
	for name, service := range s.Spec.Services {
		if service.Repository != want[name] {
			t.Errorf("%s is built from %s, want %s", name, service.Repository, want[name])
		}
	}
	if others := project.BuiltElsewhere(s, "github.com/acme/frontend"); len(others) > 0 {
		t.Errorf("%v are built elsewhere", others)
	}
	if others := project.BuiltElsewhere(s, "github.com/acme/shop"); len(others) != 1 {
		t.Errorf("%v are built elsewhere, want frontend", others)
	}
}

func TestActionsOnARecord(t *testing.T) {
	p := parse(t, shop)
	pin := func(s *staging.Staging) { s.Spec.Pinned = &staging.Pin{By: "Ada", At: noon.At, Reason: "demo"} }
	deleting := func(s *staging.Staging) { s.Spec.State = staging.Deleting }
	tests := []struct {
		name   string
		before func(*staging.Staging)
		action staging.Action
		code   staging.Code
		says   string
	}{
		{"create of what is there", nil, staging.Action{Verb: staging.Create, Branch: "feature/login"}, staging.CodeExists, "already exists"},
		{"deploy of another branch", nil, staging.Action{Verb: staging.Deploy, Branch: "other"}, staging.CodeExists, "belongs to branch feature/login"},
		{"deploy of a pinned staging", pin, staging.Action{Verb: staging.Deploy, Branch: "feature/login"}, staging.CodePinned, "pinned by Ada since 2026-11-23: demo"},
		{"deploy while deleting", deleting, staging.Action{Verb: staging.Deploy, Branch: "feature/login"}, staging.CodeConflict, "being deleted"},
		{"archive while deleting", deleting, staging.Action{Verb: staging.Archive}, staging.CodeConflict, "being deleted"},
		{"restore while deleting", deleting, staging.Action{Verb: staging.Restore}, "", ""},
		{"set of an unknown key", nil, staging.Action{Verb: staging.Set, Set: map[string]string{"NOPE": "1"}}, staging.CodeInvalid, "no such parameter: choose"},
		{"set of a wrong type", nil, staging.Action{Verb: staging.Set, Set: map[string]string{"backend.replicas": "two"}}, staging.CodeInvalid, "not a whole number"},
		{"set out of range", nil, staging.Action{Verb: staging.Set, Set: map[string]string{"backend.replicas": "6"}}, staging.CodeInvalid, "too large; the maximum is 5"},
		{"set of what is not allowed", nil, staging.Action{Verb: staging.Set, Set: map[string]string{"PAYMENT_GATEWAY": "live"}}, staging.CodeInvalid, "choose sandbox, production"},
		{"set against the pattern", nil, staging.Action{Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "INFO"}}, staging.CodeInvalid, "pattern"},
		{"a secret where a reference is due", nil, staging.Action{Verb: staging.Set, Set: map[string]string{"STRIPE_KEY": "hunter2"}}, staging.CodeInvalid, "never the secret itself"},
		{"absent replicas", nil, staging.Action{Verb: staging.Set, Absent: []string{"backend.replicas"}}, staging.CodeInvalid, "cannot be absent"},
		{"an unknown service", nil, staging.Action{Verb: staging.Deploy, Images: map[string]staging.Build{"api": {Image: "x:1"}}}, staging.CodeInvalid, "choose backend, frontend"},
		{"an image without tag", nil, staging.Action{Verb: staging.Deploy, Images: map[string]staging.Build{"backend": {Image: "x"}}}, staging.CodeInvalid, "neither a tag nor a digest"},
		{"an unknown preset", nil, staging.Action{Verb: staging.Set, Presets: []string{"nope"}}, staging.CodeInvalid, "choose payments-production"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := deployed(t, p, nil)
			if tt.before != nil {
				tt.before(&s)
			}
			tt.action.Name = s.Name
			_, err := p.Apply(&s, tt.action, noon)
			if tt.code == "" && err == nil {
				return
			}
			if staging.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v (%s); want %s saying %q", err, staging.CodeOf(err), tt.code, tt.says)
			}
		})
	}
	if _, err := p.Apply(nil, staging.Action{Verb: staging.Archive, Name: "gone"}, noon); staging.CodeOf(err) != staging.CodeNotFound {
		t.Errorf("archive of nothing: %v", err)
	}
}

func TestASecondDeployOnTheSameDayChangesNothing(t *testing.T) {
	p := parse(t, shop)
	s := deployed(t, p, nil)
	later := staging.Attribution{At: noon.At.Add(5 * time.Hour), By: "Bob"}
	again, err := p.Apply(&s, staging.Action{
		Verb: staging.Deploy, Name: "login", Branch: "feature/login",
		Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:1f2e3d4", Commit: "1f2e3d4"}},
	}, later)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

func TestApplyDoesNotModifyItsInput(t *testing.T) {
	p := parse(t, shop)
	s := deployed(t, p, func(a *staging.Action) { a.Set = map[string]string{"LOG_LEVEL": "debug"} })
	before := s.Clone()
	for _, a := range []staging.Action{
		{Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "warn"}, Presets: []string{"payments-production"}},
		{Verb: staging.Unset, Unset: []string{"LOG_LEVEL"}},
		{Verb: staging.Archive}, {Verb: staging.PinVerb}, {Verb: staging.Delete},
		{Verb: staging.Deploy, Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:2"}}},
	} {
		a.Name = "login"
		if _, err := p.Apply(&s, a, noon); err != nil {
			t.Fatalf("%s: %v", a.Verb, err)
		}
		if diff := cmp.Diff(before, s); diff != "" {
			t.Errorf("%s changed its input (-before +after):\n%s", a.Verb, diff)
		}
	}
}

func TestSettings(t *testing.T) {
	p := parse(t, shop)
	s := deployed(t, p, func(a *staging.Action) {
		a.Presets = []string{"payments-production"}
		a.Set = map[string]string{"LOG_LEVEL": "debug", "backend.replicas": "2", "STRIPE_KEY": "stripe/api-key"}
		a.Absent = []string{"LEGACY_FLAG"}
	})
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"LOG_LEVEL": "debug"}, params.App); diff != "" {
		t.Errorf("app (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"LEGACY_FLAG"}, params.Absent); diff != "" {
		t.Errorf("absent (-want +got):\n%s", diff)
	}
	want := staging.KustomizeParams{
		Base: "templates/shop", ConfigMap: "app-config",
		Components: []string{"templates/components/production"},
		Images: []staging.Image{
			{Name: "backend", Reference: "registry.example.com/shop/backend:main"},
			{Name: "frontend", Reference: "registry.example.com/shop/frontend:1f2e3d4"},
		},
		Replicas: []staging.Replicas{{Workload: "backend", Count: 2}},
		Patches: []staging.Patch{{
			Kind: "Deployment", Name: "backend", Op: "add", Pointer: "/spec/x",
			Value: staging.SecretKey{Name: "stripe", Key: "api-key"},
		}},
	}
	if diff := cmp.Diff(want, params.Kustomize); diff != "" {
		t.Errorf("kustomize (-want +got):\n%s", diff)
	}
}

func TestParamsOfAnArchivedStaging(t *testing.T) {
	p := parse(t, shop)
	s := deployed(t, p, func(a *staging.Action) { a.Set = map[string]string{"backend.replicas": "2"} })
	s, err := p.Apply(&s, staging.Action{Verb: staging.Archive, Name: "login"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	if params.Kustomize.Replicas != nil {
		t.Errorf("replicas are set beside the archive's zero: %v", params.Kustomize.Replicas)
	}
	asleep := map[string]any{}
	for _, fix := range params.Asleep {
		asleep[fix.Kind] = fix.Value
	}
	want := map[string]any{"Deployment": 0, "StatefulSet": 0, "ReplicaSet": 0, "CronJob": true, "Job": true,
		"HorizontalPodAutoscaler": nil, "DaemonSet": nil, "Pod": nil}
	if diff := cmp.Diff(want, asleep); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBudgetLeavesRoomForHosts(t *testing.T) {
	p := parse(t, shop)
	if got := p.URL("frontend", "login"); got != "https://login.staging.example.com/login" {
		t.Errorf("URL = %s", got)
	}
	if got := p.Host("backend", "login"); got != "api-login.staging.example.com" {
		t.Errorf("Host = %s", got)
	}
	if got := p.MainService(); got != "frontend" {
		t.Errorf("main service = %s; the one with the bare name is meant", got)
	}
	if got, want := p.Naming().Budget, 63-len("shop-"); got != want {
		t.Errorf("budget = %d, want %d: what the longest derived name leaves", got, want)
	}
}

func TestBranchesWithTheSamePlainName(t *testing.T) {
	p := parse(t, shop)
	taken := map[string]string{"a-b": "a/b"}
	owner := func(name string) (string, error) { return taken[name], nil }
	first, _ := p.NameFor("a/b", owner)
	second, _ := p.NameFor("a-b", owner)
	if first != "a-b" || second != "a-b-d44362" {
		t.Errorf("names %s and %s", first, second)
	}
	taken[second] = "a-b"
	delete(taken, "a-b") // the first one is deleted; the second keeps its name
	if again, _ := p.NameFor("a-b", owner); again != second {
		t.Errorf("the name moved from %s to %s", second, again)
	}
	if www, _ := p.NameFor("www", owner); www == "www" {
		t.Errorf("the reserved name www was given away")
	}
}

func TestCheckListsEveryProblem(t *testing.T) {
	p := parse(t, shop)
	s := deployed(t, p, nil)
	s.Spec.Overrides.App = staging.Values{"OLD": "1", "backend.replicas": 1, "LEGACY_FLAG": "yes"}
	s.Spec.State = "paused"
	err := p.Check(s)
	for _, want := range []string{
		`spec.state: "paused" is not a state`, `spec.overrides.app.OLD: the project has no parameter "OLD"`,
		"spec.overrides.app.backend.replicas: belongs under overrides.deployment",
		`spec.overrides.app.LEGACY_FLAG: must be true or false, not "yes"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
	mended, err := p.Apply(&s, staging.Action{Verb: staging.Unset, Name: s.Name, Unset: []string{"OLD"}}, noon)
	if err != nil || mended.Spec.Overrides.App["OLD"] != nil {
		t.Errorf("unset does not mend it: %v", err)
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{"14d": 336 * time.Hour, "36h": 36 * time.Hour, "90m": 90 * time.Minute, "1h30m": 90 * time.Minute} {
		var d project.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || time.Duration(d) != want {
			t.Errorf("%s = %v, %v", text, time.Duration(d), err)
		}
		var back project.Duration
		if err := back.UnmarshalText([]byte(d.String())); err != nil || back != d {
			t.Errorf("%s is written %q, which is read as %v, %v", text, d, back, err)
		}
	}
	for _, text := range []string{"", "14", "-1h", "0d", "soon"} {
		var d project.Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken as %v", text, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(shop))
	f.Add([]byte("apiVersion: octopod.dev/v1alpha1\nkind: Project\nmetadata: {name: x}\nspec: {engine: jsonnet}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := project.Parse(data)
		if err != nil {
			if staging.CodeOf(err) != staging.CodeInvalid {
				t.Fatalf("a bad file is %s: %v", staging.CodeOf(err), err)
			}
			return
		}
		text, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := project.Parse(text); err != nil {
			t.Fatalf("what was read and written cannot be read again: %v\n%s", err, text)
		}
	})
}

func TestNotFoundSuggestsAName(t *testing.T) {
	among := []string{"cart", "feature-login", "feature-search", "search"}
	for name, want := range map[string]string{
		"login": "did you mean feature-login?", "feature/cart": "did you mean cart?", "fix-cart": "did you mean cart?", "feature/Login": "did you mean feature-login?", "crat": "did you mean cart?",
		"feature": "`octopod get", "": "`octopod get", "checkout": "`octopod get",
	} {
		var e *staging.Error
		if !errors.As(project.NotFound(name, among...), &e) || !strings.HasPrefix(e.Hint, want) {
			t.Errorf("%q: %q, want %q", name, e.Hint, want)
		}
	}
}
