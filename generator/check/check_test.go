package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"octopod/generator/check"
	"octopod/generator/project"
	"octopod/generator/staging"
)

func TestGoodObjectsPass(t *testing.T) {
	if text := lines(check.Objects(good(t), subject())); text != "" {
		t.Errorf("problems in a good set:\n%s", text)
	}
	if problems := check.Objects(nil, check.Subject{}); len(problems) > 0 {
		t.Errorf("problems in nothing: %v", problems)
	}
}

// Every archive in testdata covers one rule. NAME.yaml contains the objects of one
// check, NAME.want the problems.
func TestRules(t *testing.T) {
	names := map[string]bool{}
	for _, rule := range check.Rules() {
		names[rule.Name] = true
		if rule.Name == "immutable" {
			continue // TestUpdate
		}
		file := "testdata/" + rule.Name + ".txtar"
		t.Run(rule.Name, func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			refused := false
			for i, f := range archive.Files {
				name, isCase := strings.CutSuffix(f.Name, ".yaml")
				if !isCase {
					continue
				}
				s := subjectOf(rule.Name)
				got := lines(check.Objects(parse(t, string(f.Data)), s))
				refused = refused || strings.Contains(got, "["+rule.Name+"]")
				want := ""
				if next := i + 1; next < len(archive.Files) && archive.Files[next].Name == name+".want" {
					want = string(archive.Files[next].Data)
				}
				if diff := cmp.Diff(want, got); diff != "" && !*update {
					t.Errorf("%s: %s", name, diff)
				}
			}
			if !refused {
				t.Errorf("no object in %s breaks the rule", file)
			}
			if *update {
				rewrite(t, file, archive)
			}
		})
	}
	if len(names) != len(check.Rules()) {
		t.Error("two rules have one name")
	}
}

// subjectOf returns the subject for the archive of a rule.
func subjectOf(rule string) check.Subject {
	s := subject()
	if rule != "image-unused" {
		s.Images = nil
	}
	if rule == "added-object" {
		s.Added = []string{"NetworkPolicy/octopod"}
	}
	if rule == "database-job" {
		s.Jobs = []string{"database"}
	}
	return s
}

func rewrite(t *testing.T, file string, archive *txtar.Archive) {
	t.Helper()
	out := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		name, isCase := strings.CutSuffix(f.Name, ".yaml")
		if !isCase {
			continue
		}
		out.Files = append(out.Files, f)
		s := subjectOf(strings.TrimSuffix(filepath.Base(file), ".txtar"))
		if got := lines(check.Objects(parse(t, string(f.Data)), s)); got != "" {
			out.Files = append(out.Files, txtar.File{Name: name + ".want", Data: []byte(got)})
		}
	}
	if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRulesExplainThemselves(t *testing.T) {
	for _, rule := range check.Rules() {
		if !strings.HasSuffix(rule.Refuses, ".") || !strings.HasSuffix(rule.Why, ".") || rule.Name != strings.ToLower(rule.Name) {
			t.Errorf("%+v: needs a kebab-case name and two whole sentences", rule)
		}
	}
	check.Rules()[0].Name = "changed"
	if check.Rules()[0].Name == "changed" {
		t.Error("the list can be changed from outside")
	}
}

// checks.allow excepts all objects, a kind or one name from a rule, and no others.
func TestAllow(t *testing.T) {
	for _, rule := range check.Rules() {
		if rule.Name == "immutable" {
			continue // TestUpdate
		}
		archive, err := txtar.ParseFile("testdata/" + rule.Name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if !strings.HasSuffix(f.Name, ".yaml") {
				continue
			}
			objects := parse(t, string(f.Data))
			s := subject()
			s.Jobs = subjectOf(rule.Name).Jobs
			before := check.Objects(objects, s)
			for _, p := range before {
				if p.Rule == rule.Name {
					testAllow(t, s, objects, before, p)
				}
			}
		}
	}
}

func testAllow(t *testing.T, s check.Subject, objects []staging.Object, before []staging.Problem, p staging.Problem) {
	t.Helper()
	kind, name, _ := strings.Cut(p.Object, "/")
	if p.Rule == "image-unused" {
		name = strings.TrimSuffix(strings.TrimPrefix(p.Field, "spec.services."), ".image")
	}
	same := func(q staging.Problem) bool {
		return q.Rule == p.Rule && (p.Rule != "image-unused" && q.Object == p.Object || q.Field == p.Field)
	}
	s.Allow = []project.Allow{{Rule: p.Rule, Kind: kind, Name: name, Reason: "test"}}
	after := check.Objects(objects, s)
	if want := slices.DeleteFunc(slices.Clone(before), same); lines(want) != lines(after) {
		t.Errorf("excepted %+v:\n%s", s.Allow[0], cmp.Diff(want, after))
	}
	for _, other := range []project.Allow{{Rule: "another"}, {Rule: p.Rule, Kind: "Another"}, {Rule: p.Rule, Name: "another"}} {
		s.Allow = []project.Allow{other}
		if after := check.Objects(objects, s); !cmp.Equal(before, after) {
			t.Errorf("the exception %+v lets %v pass", other, p)
		}
	}
}

// A service without a build has no image to check.
func TestAServiceWithoutAnImageNeedsNoWorkload(t *testing.T) {
	s := subject()
	s.Images["mailer"] = ""
	if problems := check.Objects(good(t), s); len(problems) > 0 {
		t.Errorf("refused:\n%s", lines(problems))
	}
}

func TestReportIsStable(t *testing.T) {
	var all []staging.Object
	for _, rule := range check.Rules() {
		if rule.Name == "immutable" {
			continue // TestUpdate
		}
		archive, err := txtar.ParseFile("testdata/" + rule.Name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".yaml") {
				all = append(all, parse(t, string(f.Data))...)
			}
		}
	}
	first := lines(check.Objects(all, subject()))
	for range 5 {
		if again := lines(check.Objects(all, subject())); again != first {
			t.Fatal(cmp.Diff(first, again))
		}
	}
}

// The version in messages is that of the types.
func TestKubernetesVersionIsThatOfTheTypes(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, minor, _ := strings.Cut(check.KubernetesVersion, ".")
	if !strings.Contains(string(mod), "k8s.io/api => k8s.io/api v0."+minor+".") {
		t.Errorf("go.mod has other types than those of Kubernetes %s", check.KubernetesVersion)
	}
}

// An exception for one field of a newer Kubernetes leaves all other checks on.
func TestAnExceptionForAFieldLeavesTheOthers(t *testing.T) {
	pod := staging.Object{APIVersion: "v1", Kind: "Pod", Namespace: subject().Namespace, Name: "a", JSON: []byte(
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"` + subject().Namespace + `"},"spec":{"newer":1,"hostNetwork":true,"containers":[{"name":"Wrong Name","image":"a:1","lifecycle":{"stopSignal":"SIGUSR1"}}]}}`)}
	to := subject()
	to.Allow = []project.Allow{{Rule: check.RuleSchema, Kind: "Pod", Field: "spec.containers.lifecycle.stopSignal"}, {Rule: check.RuleSchema, Field: "spec.newer"}}
	text := lines(check.Objects([]staging.Object{pod}, to))
	for _, want := range []string{"[host-network]", "spec.containers[0].name"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "stopSignal") || strings.Contains(text, "newer") {
		t.Errorf("an excepted field is reported:\n%s", text)
	}
}
