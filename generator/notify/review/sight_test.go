package review_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/notify/review"
	"octopod/generator/staging"
)

// The comment, as it is written. Whoever changes a word sees it here.
func TestCommentReads(t *testing.T) {
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

It is being set up for the first time.

| Part | Version |
| --- | --- |
| Backend | 1f2e3d4 |
| Shop | main-77 (the default) |

Kept until 1 Dec 2026 · [Settings, versions and more](https://octopod.example.com/shop/stagings/feature-login)
`,
		review.Gone: `[//]: # (octopod shop/feature-login)

### 🗑️ Staging feature-login is deleted

Nothing is left of it.
`,
	} {
		if diff := cmp.Diff(want, sight(t, phase).Comment); diff != "" {
			t.Errorf("%s (-want +got):\n%s", phase, diff)
		}
	}
}

// The project's own links are shown to viewers as far as they are for them.
func TestLinksOfAProject(t *testing.T) {
	p := shop(t, `  links:
  - {name: Mails, url: "https://mail.example.com/?q={name}"}
  - {name: Branch (code), url: "https://git.example.com/acme/backend?ref={branch}"}
  - {name: Database, url: "https://db.example.com/{name}", role: user}
`)
	v := login(staging.PhaseRunning)
	s, _ := review.SightOf(p, review.Place{}, v, "")
	if want := "Kept until 1 Dec 2026 · [Mails](https://mail.example.com/?q=feature-login) · [Branch \\(code\\)](https://git.example.com/acme/backend?ref=feature%2Flogin)\n"; !strings.HasSuffix(s.Comment, want) {
		t.Errorf("the comment is\n%s", s.Comment)
	}
	v.Spec.Branch = "" // as a viewer sees it who is not shown the branch
	if s, _ = review.SightOf(p, review.Place{}, v, ""); strings.Contains(s.Comment, "code") {
		t.Errorf("the comment is\n%s", s.Comment)
	}
}

// What is not known is not shown, and leaves what was shown before.
func TestUnknownShowsNothing(t *testing.T) {
	for _, phase := range []staging.Phase{"", staging.PhaseUnknown, staging.PhaseInvalid} {
		if s, ok := review.SightOf(shop(t, ""), review.Place{}, login(phase), page); ok {
			t.Errorf("%q shows %+v", phase, s)
		}
	}
}

// A project shows on a forge what it asks for, of the stagings it names.
func TestProjectsChoose(t *testing.T) {
	p := shop(t, "")
	p.Spec.Notify = p.Spec.Notify[:1] // the comment
	if s, ok := review.SightOf(p, review.Place{}, login(staging.PhaseRunning), page); !ok || s.Comment == "" || s.Status != nil || s.Deployment != nil {
		t.Errorf("it shows %+v", s)
	}
	p.Spec.Notify[0].Stagings = []string{"release-*"}
	if s, ok := review.SightOf(p, review.Place{}, login(staging.PhaseRunning), page); ok {
		t.Errorf("it shows %+v", s)
	}
}

// What the page keeps from its viewers is in no comment.
func TestHiddenPartsStayHidden(t *testing.T) {
	p := shop(t, "  ui: {visible: {links: user}}\n")
	v := login(staging.PhaseRunning)
	v.Spec.Services = nil // as a viewer sees it who is not shown the services
	s, _ := review.SightOf(p, review.Place{}, v, "")
	for _, secret := range []string{"https://", "1f2e3d4", "Backend"} {
		if strings.Contains(s.Comment+s.Status.Page+s.Deployment.URL, secret) {
			t.Errorf("%q is shown in %+v", secret, s)
		}
	}
}

// The technical reason of a status is for nobody who reads a pull request.
func TestReasonsForPeople(t *testing.T) {
	v := login(staging.PhaseFailed)
	v.Status.Reason, v.Status.Detail = staging.Reason{Code: staging.ReasonRenderFailed}, "kustomize build: namespace …"
	s, _ := review.SightOf(shop(t, ""), review.Place{}, v, "")
	for _, word := range []string{"Argo", "render", "kustomize", "namespace"} {
		if strings.Contains(s.Comment+s.Status.Text, word) {
			t.Errorf("%q is shown in %s", word, s.Comment)
		}
	}
	v.Status.Reason = staging.Reason{Code: staging.ReasonCrash, Parts: "Deployment/@channel <b> [x](https://evil.example)"}
	s, _ = review.SightOf(shop(t, ""), review.Place{}, v, "")
	for _, bad := range []string{"@channel", "<b>", "[x](", "https://evil"} {
		if strings.Contains(s.Comment, bad) {
			t.Errorf("%q is read as markup in %s", bad, s.Comment)
		}
	}
}

func TestPlaces(t *testing.T) {
	const other = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, c := range []struct {
		name    string
		service staging.Service
		request *staging.PullRequest
		want    []review.Place
	}{
		{"as CI names it", staging.Service{Commit: commit, Repository: "git.example.com/acme/backend", From: staging.FromBranch}, nil,
			[]review.Place{{"git.example.com", "acme/backend", commit, 0}}},
		{"as git names it", staging.Service{Commit: commit, Repository: "git@git.example.com:acme/backend.git", From: staging.FromBranch}, nil,
			[]review.Place{{"git.example.com", "acme/backend", commit, 0}}},
		{"as octopod.yaml names it", staging.Service{Commit: commit, From: staging.FromBranch}, nil,
			[]review.Place{{"git.example.com", "acme/backend", commit, 0}}},
		{"with its pull request", staging.Service{Commit: commit, From: staging.FromBranch},
			&staging.PullRequest{Number: 7, URL: "https://git.example.com/acme/backend/pulls/7/files"},
			[]review.Place{{"git.example.com", "acme/backend", commit, 7}}},
		{"with that of another repository", staging.Service{Commit: commit, From: staging.FromBranch},
			&staging.PullRequest{Number: 7, URL: "https://git.example.com/acme/frontend/-/merge_requests/7"},
			[]review.Place{{"git.example.com", "acme/backend", commit, 0}}},
		{"a repository that octopod.yaml does not name", staging.Service{Commit: commit, Repository: "git.example.com/acme/payroll", From: staging.FromBranch}, nil, nil},
		{"another host", staging.Service{Commit: commit, Repository: "evil.example.com/acme/backend", From: staging.FromBranch}, nil, nil},
		{"not built on the branch", staging.Service{Commit: other, From: staging.FromDefault}, nil, nil},
		{"a commit in short", staging.Service{Commit: commit[:7], From: staging.FromBranch}, nil, nil},
		{"no commit", staging.Service{From: staging.FromBranch}, nil, nil},
		{"no commit at all", staging.Service{Commit: "../../../user/repos?x=aaaaaaaaaaaaaaaaaa", From: staging.FromBranch}, nil, nil},
	} {
		v := login(staging.PhaseRunning)
		v.Spec.Services, v.Spec.PullRequest = map[string]staging.Service{"backend": c.service}, c.request
		if diff := cmp.Diff(c.want, review.Places(shop(t, ""), v.Spec)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// A repository on a port, as in a network of one's own, and in a group.
func TestPlacesInTheirOwnNetwork(t *testing.T) {
	p := shop(t, "")
	for repository, want := range map[string]review.Place{
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
		got := append(review.Places(p, staging.Spec{Services: map[string]staging.Service{"backend": {Commit: commit, From: staging.FromBranch}}}), review.Place{})
		if got[0] != want {
			t.Errorf("%s: %+v, want %+v", repository, got[0], want)
		}
	}
}
