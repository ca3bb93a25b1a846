package octopod1_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/octopod1"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// testdata/deployments.json is written by hand, from the types of the response,
// DeploymentFullInfo in octopod-common/src/Common/Types.hs of
// github.com/typeable/octopod (c840c6e), and the decoder of its Elm page,
// octopod-frontend-elm/src/Api/Types/Deployment.elm (3b8721f).
func deployments(t *testing.T) []octopod1.Deployment {
	t.Helper()
	data, err := os.ReadFile("testdata/deployments.json")
	if err != nil {
		t.Fatal(err)
	}
	all, err := octopod1.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestParse(t *testing.T) {
	want := []octopod1.Deployment{
		{
			Name: "login", Created: time.Date(2021, 11, 3, 9, 12, 44, 512e6, time.UTC), Links: 2,
			App:        []octopod1.Override{{Key: "LOG_LEVEL", Value: "debug"}, {Key: "LEGACY_FLAG", Absent: true}, {Key: "SENTRY_DSN", Value: "https://1@sentry.example.com/2"}},
			Deployment: []octopod1.Override{{Key: "image.tag", Value: "1f2e3d4"}, {Key: "chart_version", Value: "1.4.2"}},
		},
		{Name: "old-checkout", Created: time.Date(2021, 9, 20, 8, 0, 0, 0, time.UTC), Archived: true, Deployment: []octopod1.Override{{Key: "replicas", Value: "2"}}},
		{
			Name: "search", Created: time.Date(2021, 11, 1, 10, 30, 0, 100e6, time.UTC), Remark: "it failed in Octopod 1",
			App: []octopod1.Override{{Key: "PAYMENT_GATEWAY", Value: "production"}},
		},
	}
	if diff := cmp.Diff(want, deployments(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStatuses(t *testing.T) {
	for state, archived := range map[string]bool{
		"Running": false, "CreatePending": false, "UpdatePending": false, "Failure": false, "ArchivePending": true, "Archived": true, "CleanupFailed": true,
	} {
		all, err := octopod1.Parse([]byte(`[{"deployment":{"name":"a"},"status":{"recorded_status":{"tag":"` + state + `"}}}]`))
		if err != nil || len(all) != 1 || all[0].Archived != archived {
			t.Errorf("%s: %+v, %v", state, all, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	one := func(inside string) string { return `[{"status":{"recorded_status":{"tag":"Running"}},` + inside + `}]` }
	for name, c := range map[string]struct{ text, says string }{
		"a page":            {"<html>", "not a list of deployments"},
		"cut off":           {`[{"deployment":`, "not a list of deployments"},
		"one deployment":    {`{"deployment":{}}`, "not a list of deployments"},
		"no name":           {one(`"deployment":{}`), "[0].deployment.name: is missing"},
		"a name twice":      {`[{"deployment":{"name":"a"},"status":{"recorded_status":{"tag":"Running"}}},{"deployment":{"name":"a"},"status":{"recorded_status":{"tag":"Running"}}}]`, `"a" is listed twice`},
		"an unknown status": {`[{"deployment":{"name":"a"},"status":{"recorded_status":{"tag":"Asleep"}}}]`, `"Asleep" is not a status`},
		"no pair":           {one(`"deployment":{"name":"a","app_overrides":[["KEY"]]}`), "is not an override"},
		"no value":          {one(`"deployment":{"name":"a","app_overrides":[["KEY",{"tag":"ValueAdded"}]]}`), "override KEY has a value that is neither"},
		"an unknown value":  {one(`"deployment":{"name":"a","app_overrides":[["KEY",{"tag":"ValueMoved"}]]}`), "override KEY has a value that is neither"},
	} {
		_, err := octopod1.Parse([]byte(c.text))
		if staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.says)
		}
	}
}

// shop is a project with one service and the parameters of the deployments.
func shop() *project.Project {
	return &project.Project{Spec: project.Spec{
		Services:   map[string]project.Service{"backend": {Image: "registry.example.com/shop/backend:main"}, "worker": {}},
		Parameters: map[string]project.Parameter{"LOG_LEVEL": {}, "LEGACY_FLAG": {}, "backend.replicas": {}},
	}}
}

func TestConvert(t *testing.T) {
	all := deployments(t)
	m := octopod1.Mapping{
		Keys: map[string]string{"replicas": "backend.replicas"}, Images: map[string]string{"image.tag": "backend"},
		Branches: map[string]string{"login": "feature/login"}, Ignore: []string{"chart_*"},
	}
	got := m.Convert(shop(), all[0])
	want := octopod1.Converted{
		Action: staging.Action{
			Verb: staging.Create, Name: "login", Branch: "feature/login", Reason: "imported from Octopod 1",
			Set: map[string]string{"LOG_LEVEL": "debug"}, Absent: []string{"LEGACY_FLAG"},
			Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:1f2e3d4"}},
		},
		Unmapped: []string{"SENTRY_DSN"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := m.Convert(shop(), all[1]); got.Action.Set["backend.replicas"] != "2" || got.Action.Branch != "old-checkout" {
		t.Errorf("a renamed key, and a branch that nobody named: %+v", got.Action)
	}
}

func TestConvertProblems(t *testing.T) {
	for name, c := range map[string]struct {
		m    octopod1.Mapping
		d    octopod1.Deployment
		says string
	}{
		"a service that is not there": {
			octopod1.Mapping{Images: map[string]string{"tag": "nobody"}}, octopod1.Deployment{App: []octopod1.Override{{Key: "tag", Value: "1"}}},
			`tag: the project has no service "nobody"`,
		},
		"a tag without an image": {
			octopod1.Mapping{Images: map[string]string{"tag": "worker"}}, octopod1.Deployment{App: []octopod1.Override{{Key: "tag", Value: "1"}}},
			"tag: is a tag, but service worker has no default image",
		},
		"two keys for one parameter": {
			octopod1.Mapping{Keys: map[string]string{"level": "LOG_LEVEL"}},
			octopod1.Deployment{App: []octopod1.Override{{Key: "LOG_LEVEL", Value: "a"}, {Key: "level", Value: "b"}}},
			"level: is not the only key for LOG_LEVEL",
		},
	} {
		got := c.m.Convert(shop(), c.d)
		if len(got.Problems) != 1 || got.Problems[0].String() != c.says {
			t.Errorf("%s: got %v, want %q", name, got.Problems, c.says)
		}
	}
}
