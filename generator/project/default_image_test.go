package project_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

const backendMain, backendNew = "registry.example.com/shop/backend:main", "registry.example.com/shop/backend:9a8b7c6"

func onBranch(branch string) staging.Action {
	return staging.Action{Verb: staging.Deploy, Name: "x", Branch: branch, Images: map[string]staging.Build{
		"backend":  {Image: backendNew, Commit: "9a8b7c6"},
		"frontend": {Image: "registry.example.com/shop/frontend:9a8b7c6"},
	}}
}

func TestNewDefaultImages(t *testing.T) {
	p := parse(t, shop)
	develop := parse(t, strings.Replace(shop, "{image:", "{defaultBranch: develop, image:", 1))
	tests := []struct {
		name   string
		p      *project.Project
		action staging.Action
		want   map[string]string
	}{
		{"main", p, onBranch("main"), map[string]string{"backend": backendNew}}, // frontend has no default image
		{"another branch", p, onBranch("feature/login"), map[string]string{}},
		{"main, where it is not the default", develop, onBranch("main"), map[string]string{}},
		{"the default branch, by another name", develop, onBranch("develop"), map[string]string{"backend": backendNew}},
	}
	for _, tt := range tests {
		s, err := tt.p.Apply(nil, tt.action, noon)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, tt.p.NewDefaultImages(s, tt.action)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}

	// A build of main that joins the staging of a feature is not a default image, and
	// neither is a build of a feature that joins the staging of main.
	feature, err := p.Apply(nil, onBranch("feature/login"), noon)
	if err != nil {
		t.Fatal(err)
	}
	main, err := p.Apply(nil, onBranch("main"), noon)
	if err != nil {
		t.Fatal(err)
	}
	for branch, current := range map[string]*staging.Staging{"main": &feature, "feature/login": &main} {
		a := onBranch(branch)
		a.Join = true
		a.Images["backend"] = staging.Build{Image: "registry.example.com/shop/backend:joined"}
		s, err := p.Apply(current, a, noon)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.NewDefaultImages(s, a); len(got) > 0 {
			t.Errorf("a build of %s that joins %s gives defaults %v", branch, current.Spec.Branch, got)
		}
	}
}

func TestSetDefaultImages(t *testing.T) {
	p, data, err := project.SetDefaultImages([]byte(shop), map[string]string{"backend": backendNew})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(shop, backendMain, backendNew, 1); string(data) != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, string(data)))
	}
	if got := p.Spec.Services["backend"].Image; got != backendNew {
		t.Errorf("the project says %s", got)
	}
	folded := strings.Replace(shop, `{image: "`+backendMain+`", host`, `{image: "`+backendMain[:10]+"\\\n      "+backendMain[10:]+`", host`, 1)
	if _, err := project.Parse([]byte(folded)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := project.SetDefaultImages([]byte(folded), map[string]string{"backend": backendNew}); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("a value over two lines: %v", err)
	}
}

func TestApplyDefaultImages(t *testing.T) {
	follows := parse(t, strings.Replace(shop, "{image:", "{follow: true, image:", 1))
	images := map[string]string{"backend": backendNew}
	tests := []struct {
		name   string
		p      *project.Project
		change func(*staging.Staging)
		want   string
	}{
		{"runs the default", follows, nil, backendNew},
		{"the project does not say so", parse(t, shop), nil, backendMain},
		{"built on its branch", follows, func(s *staging.Staging) {
			s.Spec.Services["backend"] = staging.Service{Image: "x:1", From: staging.FromBranch}
		}, "x:1"},
		{"pinned", follows, func(s *staging.Staging) { s.Spec.Pinned = &staging.Pin{By: "Ada"} }, backendMain},
		{"being deleted", follows, func(s *staging.Staging) { s.Spec.State = staging.Deleting }, backendMain},
	}
	for _, tt := range tests {
		s := deployed(t, tt.p, nil)
		if tt.change != nil {
			tt.change(&s)
		}
		before := s.Clone()
		got, changed := tt.p.ApplyDefaultImages(s, images)
		if got.Spec.Services["backend"].Image != tt.want || changed != (tt.want == backendNew) {
			t.Errorf("%s: %s, changed %v; want %s", tt.name, got.Spec.Services["backend"].Image, changed, tt.want)
		}
		if diff := cmp.Diff(before, s); diff != "" {
			t.Errorf("%s changed its input:\n%s", tt.name, diff)
		}
	}
}

func TestJoin(t *testing.T) {
	p := parse(t, shop)
	login := deployed(t, p, func(a *staging.Action) { a.PullRequest = &staging.PullRequest{Number: 1} })
	join := staging.Action{Verb: staging.Deploy, Name: "login", Branch: "login-page", Join: true, PullRequest: &staging.PullRequest{Number: 2},
		Images: map[string]staging.Build{"backend": {Image: backendNew}}}
	if _, err := p.Apply(nil, join, noon); staging.CodeOf(err) != staging.CodeNotFound {
		t.Errorf("joining nothing: %v", err)
	}
	s, err := p.Apply(&login, join, noon)
	if err != nil {
		t.Fatal(err)
	}
	if s.Spec.Branch != "feature/login" || s.Spec.PullRequest.Number != 1 || s.Spec.Services["backend"].Branch != "login-page" || s.Spec.Services["frontend"].Branch != "" {
		t.Errorf("joined: %+v", s.Spec)
	}
	join.Branch, join.Images = "feature/login", map[string]staging.Build{"backend": {Image: backendNew}}
	if s, err = p.Apply(&s, join, noon); err != nil || s.Spec.Services["backend"].Branch != "" {
		t.Errorf("the staging's own branch, joining itself: %+v, %v", s.Spec.Services["backend"], err)
	}
}

// One pipeline for the push and one for the pull request build the same commit.
func TestTheSameBuildOfAnotherRunChangesNothing(t *testing.T) {
	p := parse(t, shop)
	built := func(run int) func(*staging.Action) {
		return func(a *staging.Action) {
			b := a.Images["frontend"]
			b.Run = staging.Run{Pipeline: "ci", Number: run}
			a.Images["frontend"] = b
		}
	}
	first := deployed(t, p, built(7))
	if first.Spec.Services["frontend"].Run.Number != 7 {
		t.Fatalf("the run is not kept: %+v", first.Spec.Services)
	}
	a := staging.Action{Verb: staging.Deploy, Name: "login", Images: map[string]staging.Build{
		"frontend": {Image: "registry.example.com/shop/frontend:1f2e3d4", Commit: "1f2e3d4"}}}
	built(8)(&a)
	second, err := p.Apply(&first, a, noon)
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("%v (-first +second):\n%s", err, diff)
	}
}
