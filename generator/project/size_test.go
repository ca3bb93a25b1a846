package project_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

const sizes = "sizes: [{name: small, help: One shop., quota: {requests.cpu: '1', pods: '10'}}, {name: large, quota: {requests.cpu: '4'}}]"

// sized returns octopod.yaml with sizes on line 11.
func sized(more string) []byte {
	return fmt.Appendf(nil, swept, "}\n  "+more+"\n  quota: {pods: '20', secrets: '5'}\n  checks: {")
}

func TestSizes(t *testing.T) {
	p, err := project.Parse(sized(sizes))
	if err != nil {
		t.Fatal(err)
	}
	for set, want := range map[string]map[string]string{
		"":      {"requests.cpu": "1", "pods": "10", "secrets": "5"},
		"large": {"requests.cpu": "4", "pods": "20", "secrets": "5"},
	} {
		s := record("login")
		if set != "" {
			s.Spec.Overrides.Deployment = staging.Values{"size": set}
		}
		params, err := p.Params(p.WithDeclaredServices(s))
		if err != nil || !maps.Equal(params.Quota, want) {
			t.Errorf("size %q: %v, want %v (%v)", set, params.Quota, want, err)
		}
	}
	if help := p.Spec.Parameters["size"].Help; !strings.Contains(help, "small: One shop") {
		t.Errorf("the help is %q", help)
	}
	s := record("login")
	s.Spec.Overrides.Deployment = staging.Values{"size": "huge"}
	if err := p.Check(s); err == nil || !strings.Contains(err.Error(), "small") {
		t.Errorf("an unknown size: %v", err)
	}
}

func TestFaultySizes(t *testing.T) {
	for _, tt := range []struct{ more, field, says string }{
		{"sizes: [{name: '', quota: {pods: '1'}}]", "spec.sizes[0].name", "not the name of a size"},
		{"sizes: [{name: two words, quota: {pods: '1'}}]", "spec.sizes[0].name", "not the name of a size"},
		{"sizes: [{name: a, quota: {pods: '1'}}, {name: a, quota: {pods: '2'}}]", "spec.sizes[1].name", "already a size"},
		{"sizes: [{name: a, quota: {}}]", "spec.sizes[0].quota", "is empty"},
		{"sizes: [{name: a, quota: {request.cpu: '1'}}]", "spec.sizes[0].quota.request.cpu", "requests.cpu"},
	} {
		_, err := project.Parse(sized(tt.more))
		found := false
		for _, p := range staging.ProblemsOf(err) {
			found = found || p.File == project.File && p.Line == 11 && p.Field == tt.field && strings.Contains(p.Message, tt.says)
		}
		if !found {
			t.Errorf("%s: %v", tt.more, err)
		}
	}
	_, err := project.Parse(sized(sizes + "\n  parameters: {size: {type: string}}"))
	if err == nil || !strings.Contains(err.Error(), "spec.parameters.size: is the parameter of spec.sizes") {
		t.Errorf("a parameter of the same name: %v", err)
	}
}
