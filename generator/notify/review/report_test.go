package review_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/notify/review"
	"octopod/generator/staging"
)

// The comments in full.
func TestComment(t *testing.T) {
	for phase, want := range map[staging.Phase]string{
		staging.PhaseRunning: `[//]: # (octopod shop/feature-login)

### ✅ Staging [feature-login](https://feature-login.staging.example.com) runs

Everything runs.

| Part | Version | Address |
| --- | --- | --- |
| Backend | 1f2e3d4 | [api-feature-login.staging.example.com](https://api-feature-login.staging.example.com) |
| Shop | main-77 (the default) | [feature-login.staging.example.com](https://feature-login.staging.example.com) |

Kept until 1 Dec 2026 · [Settings, versions and more](https://octopod.example.com/shop/stagings/feature-login)
`,
		staging.PhaseCreating: `[//]: # (octopod shop/feature-login)

### ⏳ Staging feature-login is starting

It is starting for the first time.

| Part | Version |
| --- | --- |
| Backend | 1f2e3d4 |
| Shop | main-77 (the default) |

Kept until 1 Dec 2026 · [Settings, versions and more](https://octopod.example.com/shop/stagings/feature-login)
`,
		review.Gone: `[//]: # (octopod shop/feature-login)

### 🗑️ Staging feature-login is deleted

It is removed completely.
`,
	} {
		if diff := cmp.Diff(want, report(t, phase).Comment); diff != "" {
			t.Errorf("%s (-want +got):\n%s", phase, diff)
		}
	}
}

// The comment contains the project's own links for viewers.
func TestLinksOfAProject(t *testing.T) {
	p := shop(t, `  links:
  - {name: Mails, url: "https://mail.example.com/?q={name}"}
  - {name: Branch (code), url: "https://git.example.com/acme/backend?ref={branch}"}
  - {name: Database, url: "https://db.example.com/{name}", role: user}
`)
	v := login(staging.PhaseRunning)
	s, _ := review.ReportOf(p, review.Target{}, v, "")
	if want := "Kept until 1 Dec 2026 · [Mails](https://mail.example.com/?q=feature-login) · [Branch \\(code\\)](https://git.example.com/acme/backend?ref=feature%2Flogin)\n"; !strings.HasSuffix(s.Comment, want) {
		t.Errorf("the comment is\n%s", s.Comment)
	}
	v.Spec.Branch = "" // the branch is hidden from viewers
	if s, _ = review.ReportOf(p, review.Target{}, v, ""); strings.Contains(s.Comment, "code") {
		t.Errorf("the comment is\n%s", s.Comment)
	}
}

// An unknown phase changes nothing on the forge.
func TestUnknownPhase(t *testing.T) {
	for _, phase := range []staging.Phase{"", staging.PhaseUnknown, staging.PhaseInvalid} {
		if s, ok := review.ReportOf(shop(t, ""), review.Target{}, login(phase), page); ok {
			t.Errorf("%q shows %+v", phase, s)
		}
	}
}

// The project selects the reports and the stagings.
func TestProjectSelectsReports(t *testing.T) {
	p := shop(t, "")
	p.Spec.Notify = p.Spec.Notify[:1] // the comment
	if s, ok := review.ReportOf(p, review.Target{}, login(staging.PhaseRunning), page); !ok || s.Comment == "" || s.Status != nil || s.Deployment != nil {
		t.Errorf("it shows %+v", s)
	}
	p.Spec.Notify[0].Stagings = []string{"release-*"}
	if s, ok := review.ReportOf(p, review.Target{}, login(staging.PhaseRunning), page); ok {
		t.Errorf("it shows %+v", s)
	}
}

// A comment contains nothing that is hidden from viewers.
func TestHiddenPartsStayHidden(t *testing.T) {
	p := shop(t, "  ui: {visible: {links: user}}\n")
	v := login(staging.PhaseRunning)
	v.Spec.Services = nil // the services are hidden from viewers
	s, _ := review.ReportOf(p, review.Target{}, v, "")
	for _, secret := range []string{"https://", "1f2e3d4", "Backend"} {
		if strings.Contains(s.Comment+s.Status.Page+s.Deployment.URL, secret) {
			t.Errorf("%+v contains %q", s, secret)
		}
	}
}

// A comment does not contain the technical reason of a status.
func TestReasonsForPeople(t *testing.T) {
	v := login(staging.PhaseFailed)
	v.Status.Reason, v.Status.Detail = staging.Reason{Code: staging.ReasonRenderFailed}, "kustomize build: namespace …"
	s, _ := review.ReportOf(shop(t, ""), review.Target{}, v, "")
	for _, word := range []string{"Argo", "render", "kustomize", "namespace"} {
		if strings.Contains(s.Comment+s.Status.Text, word) {
			t.Errorf("%s contains %q", s.Comment, word)
		}
	}
	v.Status.Reason = staging.Reason{Code: staging.ReasonCrash, Parts: "Deployment/@channel <b> [x](https://evil.example)"}
	s, _ = review.ReportOf(shop(t, ""), review.Target{}, v, "")
	for _, bad := range []string{"@channel", "<b>", "[x](", "https://evil"} {
		if strings.Contains(s.Comment, bad) {
			t.Errorf("%q is markup in %s", bad, s.Comment)
		}
	}
}

func TestTargets(t *testing.T) {
	const other = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, c := range []struct {
		name    string
		service staging.Service
		request *staging.PullRequest
		want    []review.Target
	}{
		{"as CI names it", staging.Service{Commit: commit, Repository: "git.example.com/acme/backend", From: staging.FromBranch}, nil,
			[]review.Target{{"git.example.com", "acme/backend", commit, 0}}},
		{"as git names it", staging.Service{Commit: commit, Repository: "git@git.example.com:acme/backend.git", From: staging.FromBranch}, nil,
			[]review.Target{{"git.example.com", "acme/backend", commit, 0}}},
		{"as octopod.yaml names it", staging.Service{Commit: commit, From: staging.FromBranch}, nil,
			[]review.Target{{"git.example.com", "acme/backend", commit, 0}}},
		{"with its pull request", staging.Service{Commit: commit, From: staging.FromBranch},
			&staging.PullRequest{Number: 7, URL: "https://git.example.com/acme/backend/pulls/7/files"},
			[]review.Target{{"git.example.com", "acme/backend", commit, 7}}},
		{"with that of another repository", staging.Service{Commit: commit, From: staging.FromBranch},
			&staging.PullRequest{Number: 7, URL: "https://git.example.com/acme/frontend/-/merge_requests/7"},
			[]review.Target{{"git.example.com", "acme/backend", commit, 0}}},
		{"a repository that octopod.yaml does not name", staging.Service{Commit: commit, Repository: "git.example.com/acme/payroll", From: staging.FromBranch}, nil, nil},
		{"another host", staging.Service{Commit: commit, Repository: "evil.example.com/acme/backend", From: staging.FromBranch}, nil, nil},
		{"not built on the branch", staging.Service{Commit: other, From: staging.FromDefault}, nil, nil},
		{"a commit in short", staging.Service{Commit: commit[:7], From: staging.FromBranch}, nil, nil},
		{"no commit", staging.Service{From: staging.FromBranch}, nil, nil},
		{"no commit at all", staging.Service{Commit: "../../../user/repos?x=aaaaaaaaaaaaaaaaaa", From: staging.FromBranch}, nil, nil},
	} {
		v := login(staging.PhaseRunning)
		v.Spec.Services, v.Spec.PullRequest = map[string]staging.Service{"backend": c.service}, c.request
		if diff := cmp.Diff(c.want, review.Targets(shop(t, ""), v.Spec)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// A repository on a port or in a group, as in a private network.
func TestTargetsInPrivateNetwork(t *testing.T) {
	p := shop(t, "")
	for repository, want := range map[string]review.Target{
		"localhost:3000/acme/backend":         {"localhost:3000", "acme/backend", commit, 0},
		"git.corp/group/team/backend":         {"git.corp", "group/team/backend", commit, 0},
		"ssh://git@git.corp:2222/a/b.git":     {"git.corp", "a/b", commit, 0},
		"http://git.corp:8080/acme/backend/":  {"git.corp:8080", "acme/backend", commit, 0},
		"https://git.corp/acme/../../payroll": {},
		"/srv/git/backend.git":                {},
		"../backend":                          {},
	} {
		service := p.Spec.Services["backend"]
		service.Repository = repository
		p.Spec.Services["backend"] = service
		got := append(review.Targets(p, staging.Spec{Services: map[string]staging.Service{"backend": {Commit: commit, From: staging.FromBranch}}}), review.Target{})
		if got[0] != want {
			t.Errorf("%s: %+v, want %+v", repository, got[0], want)
		}
	}
}
