package branch_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/branch"
	"octopod/generator/staging"
)

const (
	secret = "It's a Secret to Everybody"
	older  = "95790bf891e76fee5e1747ab589903a6a1f80f22"
	zeros  = "0000000000000000000000000000000000000000"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func senders() []branch.Sender {
	return []branch.Sender{
		{Host: "github.example.com", Kind: "github", Secret: "another"},
		{Host: "github.com", Kind: "github", Secret: secret}, {Host: "gitlab.com", Kind: "gitlab", Secret: secret},
		{Host: "git.example.com:8443", Kind: "gitea", Secret: secret}, {Host: "bitbucket.org", Kind: "bitbucket", Secret: secret},
		{Host: "registry.example.com", Kind: "registry", Secret: secret},
	}
}

// hook returns a webhook with these headers, given as "Name: value" lines.
func hook(headers, body string) branch.Request {
	set := map[string]string{}
	for line := range strings.Lines(headers) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			set[strings.ToLower(name)] = value
		}
	}
	return branch.Request{Header: func(name string) string { return set[strings.ToLower(name)] }, Body: []byte(body)}
}

// mac returns the HMAC of a body in hex.
func mac(key, body string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(body))
	return hex.EncodeToString(m.Sum(nil))
}

// sent returns the headers of an event from one kind of forge.
func sent(kind, event, body string) string {
	switch kind {
	case "github":
		return "X-GitHub-Event: " + event + "\nX-GitHub-Delivery: d1\nX-Hub-Signature-256: sha256=" + mac(secret, body)
	case "gitea":
		return "X-GitHub-Event: " + event + "\nX-Gitea-Event: " + event + "\nX-Gitea-Delivery: d1\nX-Gitea-Signature: " + mac(secret, body)
	case "gitlab":
		return "X-Gitlab-Event: " + event + "\nIdempotency-Key: d1\nX-Gitlab-Token: " + secret
	case "bitbucket":
		return "X-Event-Key: " + event + "\nX-Request-UUID: d1\nX-Hub-Signature: sha256=" + mac(secret, body)
	}
	return "Authorization: Bearer " + secret
}

// The payloads are shortened from the documentation of the vendors, which the webhook_*.go
// files link.
const (
	hubPush = `{"ref": "refs/heads/feature/login", "before": "` + older + `", "after": "` + head + `", "created": false, "deleted": false, "forced": false,
		"head_commit": {"id": "` + head + `", "timestamp": "2026-11-20T10:00:00+01:00"}, "repository": {"full_name": "acme/shop"},
		"pusher": {"name": "ada", "email": "ada@example.com"}, "sender": {"login": "ada", "type": "User"}}`
	hubPull = `{"action": "ACTION", "number": 7, "before": "` + older + `", "after": "` + head + `", "pull_request": {"number": 7,
		"html_url": "https://github.com/acme/shop/pull/7", "title": "Passkeys", "state": "open", "draft": false, "merged": false, "user": {"login": "ada", "type": "User"},
		"labels": [{"id": 1, "name": "staging"}], "head": {"ref": "feature/login", "sha": "` + head + `", "repo": {"full_name": "acme/shop"}},
		"base": {"ref": "main", "repo": {"full_name": "acme/shop"}}}, "repository": {"full_name": "acme/shop"}, "sender": {"login": "grace", "type": "User"}}`
	labPush = `{"object_kind": "push", "ref": "refs/heads/feature/login", "before": "` + older + `", "after": "` + head + `", "user_username": "ada", "user_email": "",
		"project": {"path_with_namespace": "acme/shop"}, "commits": [{"id": "` + older + `", "timestamp": "2026-11-19T10:00:00Z"},
		{"id": "` + head + `", "timestamp": "2026-11-20T10:00:00+01:00"}], "total_commits_count": 2}`
	labPull = `{"object_kind": "merge_request", "user": {"username": "grace", "email": "[REDACTED]"}, "project": {"path_with_namespace": "acme/shop"},
		"object_attributes": {"iid": 7, "url": "https://gitlab.com/acme/shop/-/merge_requests/7", "title": "Passkeys", "state": "opened", "action": "ACTION",
		"draft": false, "work_in_progress": false, "source_branch": "feature/login", "target_branch": "main", "source": {"path_with_namespace": "acme/shop"},
		"target": {"path_with_namespace": "acme/shop"}, "last_commit": {"id": "` + head + `", "timestamp": "2026-11-20T10:00:00+01:00"}},
		"labels": [{"title": "staging"}], "changes": {}}`
	bucketPush = `{"actor": {"display_name": "Ada L", "nickname": "ada", "type": "user"}, "repository": {"full_name": "acme/shop"}, "push": {"changes": [
		{"old": {"type": "branch", "name": "feature/login", "target": {"hash": "` + older + `"}}, "forced": false,
		"new": {"type": "branch", "name": "feature/login", "target": {"hash": "` + head + `", "date": "2026-11-20T09:00:00+00:00"}}},
		{"old": null, "new": {"type": "tag", "name": "feature/login", "target": {"hash": "` + head + `"}}}]}}`
	bucketPull = `{"actor": {"display_name": "Grace", "nickname": "grace"}, "repository": {"full_name": "acme/shop"}, "pullrequest": {"id": 7, "title": "Passkeys",
		"state": "OPEN", "draft": false, "author": {"nickname": "ada"}, "links": {"html": {"href": "https://bitbucket.org/acme/shop/pull-requests/7"}},
		"source": {"branch": {"name": "feature/login"}, "commit": {"hash": "` + "4f1c2d3e5a6b" + `"}, "repository": {"full_name": "acme/shop"}},
		"destination": {"branch": {"name": "main"}, "repository": {"full_name": "acme/shop"}}}}`
)

func pushEvent(host string) branch.Event {
	return branch.Event{
		Kind: branch.Pushed, Repository: host + "/acme/shop", Branch: "feature/login", Commit: head, Before: older,
		Committed: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), By: staging.Person{Name: "ada"},
	}
}

func pullEvent(host, url string) branch.Event {
	return branch.Event{
		Kind: branch.PullChanged, Repository: host + "/acme/shop", Branch: "feature/login", Commit: head, By: staging.Person{Name: "grace"},
		Pull: &branch.Pull{
			PullRequest: staging.PullRequest{Number: 7, URL: url, Title: "Passkeys", Author: "ada"}, Labels: []string{"staging"},
		},
	}
}

// with changes a copy of an event.
func with(e branch.Event, change func(*branch.Event)) branch.Event {
	if e.Pull != nil {
		pull := *e.Pull
		e.Pull = &pull
	}
	change(&e)
	return e
}

func TestWhatWebhooksSay(t *testing.T) {
	t.Parallel()
	hubURL, labURL := "https://github.com/acme/shop/pull/7", "https://gitlab.com/acme/shop/-/merge_requests/7"
	opened := with(pullEvent("github.com", hubURL), func(e *branch.Event) { e.Pull.HeadChanged = true })
	gone := with(pushEvent("github.com"), func(e *branch.Event) {
		e.Kind, e.Commit, e.Before, e.Committed, e.By.Email = branch.Deleted, "", "", time.Time{}, "ada@example.com"
	})
	labOpened := with(pullEvent("gitlab.com", labURL), func(e *branch.Event) {
		e.Committed, e.Pull.Author, e.Pull.HeadChanged = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), "grace", true
	})
	for _, tt := range []struct {
		name, kind, event, body string
		want                    []branch.Event
	}{
		{"GitHub: push", "github", "push", hubPush, []branch.Event{with(pushEvent("github.com"), func(e *branch.Event) { e.By.Email = "ada@example.com" })}},
		{"GitHub: first push of a branch", "github", "push", strings.Replace(hubPush, older, zeros, 1),
			[]branch.Event{with(pushEvent("github.com"), func(e *branch.Event) { e.By.Email, e.Before = "ada@example.com", "" })}},
		{"GitHub: push that deletes", "github", "push", strings.Replace(hubPush, `"after": "`+head, `"after": "`+zeros, 1), []branch.Event{gone}},
		{"GitHub: delete of a branch", "github", "delete", `{"ref": "feature/login", "ref_type": "branch", "repository": {"full_name": "acme/shop"}, "sender": {"login": "ada"}}`,
			[]branch.Event{with(gone, func(e *branch.Event) { e.By.Email = "" })}},
		{"GitHub: delete of a tag of that name", "github", "delete", `{"ref": "feature/login", "ref_type": "tag", "repository": {"full_name": "acme/shop"}}`, nil},
		{"GitHub: tag of a branch's name", "github", "push", strings.Replace(hubPush, "refs/heads/", "refs/tags/", 1), nil},
		{"GitHub: dependabot", "github", "push", strings.Replace(hubPush, `"login": "ada", "type": "User"`, `"login": "dependabot[bot]", "type": "Bot"`, 1),
			[]branch.Event{with(pushEvent("github.com"), func(e *branch.Event) {
				e.By = staging.Person{Name: "dependabot[bot]", Email: "ada@example.com"}
				e.Bot = true
			})}},
		{"GitHub: pull request opened", "github", "pull_request", strings.Replace(hubPull, "ACTION", "opened", 1), []branch.Event{opened}},
		{"GitHub: pull request pushed to", "github", "pull_request", strings.Replace(hubPull, "ACTION", "synchronize", 1),
			[]branch.Event{with(opened, func(e *branch.Event) { e.Before = older })}},
		{"GitHub: pull request renamed", "github", "pull_request", strings.Replace(hubPull, "ACTION", "edited", 1), []branch.Event{pullEvent("github.com", hubURL)}},
		{"GitHub: label taken", "github", "pull_request", strings.Replace(hubPull, "ACTION", "unlabeled", 1),
			[]branch.Event{with(pullEvent("github.com", hubURL), func(e *branch.Event) { e.Pull.MayDisqualify = true })}},
		{"GitHub: draft", "github", "pull_request", strings.NewReplacer("ACTION", "converted_to_draft", `"draft": false`, `"draft": true`).Replace(hubPull),
			[]branch.Event{with(pullEvent("github.com", hubURL), func(e *branch.Event) { e.Pull.MayDisqualify, e.Pull.Draft = true, true })}},
		{"GitHub: pull request merged", "github", "pull_request", strings.NewReplacer("ACTION", "closed", `"open"`, `"closed"`).Replace(hubPull),
			[]branch.Event{with(pullEvent("github.com", hubURL), func(e *branch.Event) { e.Pull.Closed = true })}},
		{"GitHub: pull request of a fork", "github", "pull_request", strings.NewReplacer("ACTION", "opened", `"repo": {"full_name": "acme/shop"}},`+"\n\t\t\"base\"", `"repo": {"full_name": "mallory/shop"}}, "base"`).Replace(hubPull),
			[]branch.Event{with(opened, func(e *branch.Event) { e.Pull.Fork = "github.com/mallory/shop" })}},
		{"GitHub: pull request of a fork that is gone", "github", "pull_request", strings.NewReplacer("ACTION", "opened", `"repo": {"full_name": "acme/shop"}},`+"\n\t\t\"base\"", `"repo": null}, "base"`).Replace(hubPull),
			[]branch.Event{with(opened, func(e *branch.Event) { e.Pull.Fork = "(unknown)" })}},
		{"GitHub: package", "github", "registry_package", `{"action": "published", "registry_package": {"package_type": "CONTAINER", "package_version": {"package_url": "ghcr.io/acme/backend:1f2e3d4"}}}`,
			[]branch.Event{{Kind: branch.ImagePushed, Image: "ghcr.io/acme/backend:1f2e3d4"}}},
		{"GitHub: an event that is none of ours", "github", "star", `{"action": "created"}`, nil},
		{"GitHub: a branch with a bad name", "github", "push", strings.Replace(hubPush, "feature/login", "a..b", 1), nil},
		{"Gitea: push, with GitHub's headers", "gitea", "push", hubPush,
			[]branch.Event{with(pushEvent("git.example.com"), func(e *branch.Event) { e.By.Email = "ada@example.com" })}},
		{"Gitea: pull request pushed to", "gitea", "pull_request_sync", strings.NewReplacer("ACTION", "synchronized", "github.com", "git.example.com").Replace(hubPull),
			[]branch.Event{with(pullEvent("git.example.com", "https://git.example.com/acme/shop/pull/7"), func(e *branch.Event) { e.Pull.HeadChanged = true })}},
		{"Gitea: labels changed", "gitea", "pull_request_label", strings.NewReplacer("ACTION", "label_updated", "github.com", "git.example.com").Replace(hubPull),
			[]branch.Event{with(pullEvent("git.example.com", "https://git.example.com/acme/shop/pull/7"), func(e *branch.Event) { e.Pull.MayDisqualify = true })}},
		{"GitLab: push", "gitlab", "Push Hook", labPush, []branch.Event{pushEvent("gitlab.com")}},
		{"GitLab: branch deleted", "gitlab", "Push Hook", strings.Replace(labPush, `"after": "`+head, `"after": "`+zeros, 1),
			[]branch.Event{with(gone, func(e *branch.Event) { e.Repository, e.By.Email = "gitlab.com/acme/shop", "" })}},
		{"GitLab: tag", "gitlab", "Tag Push Hook", strings.Replace(labPush, "refs/heads/", "refs/tags/", 1), nil},
		{"GitLab: access token of a project", "gitlab", "Push Hook", strings.Replace(labPush, `"ada"`, `"project_42_bot_1f2e"`, 1),
			[]branch.Event{with(pushEvent("gitlab.com"), func(e *branch.Event) { e.By.Name, e.Bot = "project_42_bot_1f2e", true })}},
		{"GitLab: merge request opened", "gitlab", "Merge Request Hook", strings.Replace(labPull, "ACTION", "open", 1), []branch.Event{labOpened}},
		{"GitLab: merge request pushed to", "gitlab", "Merge Request Hook", strings.Replace(labPull, `"action": "ACTION"`, `"action": "update", "oldrev": "`+older+`"`, 1),
			[]branch.Event{with(labOpened, func(e *branch.Event) { e.Before, e.Pull.Author = older, "" })}},
		{"GitLab: label taken", "gitlab", "Merge Request Hook", strings.NewReplacer("ACTION", "update", `"changes": {}`, `"changes": {"labels": {"previous": [{"title": "a"}, {"title": "staging"}], "current": [{"title": "staging"}]}}`).Replace(labPull),
			[]branch.Event{with(labOpened, func(e *branch.Event) { e.Pull.Author, e.Pull.HeadChanged, e.Pull.MayDisqualify = "", false, true })}},
		{"GitLab: merged", "gitlab", "Merge Request Hook", strings.NewReplacer("ACTION", "merge", `"opened"`, `"merged"`).Replace(labPull),
			[]branch.Event{with(labOpened, func(e *branch.Event) { e.Pull.Author, e.Pull.HeadChanged, e.Pull.Closed = "", false, true })}},
		{"Bitbucket: push of a branch and of a tag of its name", "bitbucket", "repo:push", bucketPush, []branch.Event{pushEvent("bitbucket.org")}},
		{"Bitbucket: branch deleted", "bitbucket", "repo:push", `{"actor": {"nickname": "ada"}, "repository": {"full_name": "acme/shop"}, "push": {"changes": [{"old": {"type": "branch", "name": "feature/login", "target": {"hash": "` + head + `"}}, "new": null}]}}`,
			[]branch.Event{with(gone, func(e *branch.Event) { e.Repository, e.By.Email = "bitbucket.org/acme/shop", "" })}},
		{"Bitbucket: pull request created", "bitbucket", "pullrequest:created", bucketPull,
			[]branch.Event{with(pullEvent("bitbucket.org", "https://bitbucket.org/acme/shop/pull-requests/7"), func(e *branch.Event) { e.Commit, e.Pull.Labels, e.Pull.HeadChanged = "4f1c2d3e5a6b", nil, true })}},
		{"Bitbucket: pull request declined", "bitbucket", "pullrequest:rejected", strings.Replace(bucketPull, "OPEN", "DECLINED", 1),
			[]branch.Event{with(pullEvent("bitbucket.org", "https://bitbucket.org/acme/shop/pull-requests/7"), func(e *branch.Event) { e.Commit, e.Pull.Labels, e.Pull.Closed = "4f1c2d3e5a6b", nil, true })}},
		{"registry: push", "registry", "", `{"events": [{"id": "e1", "action": "push", "target": {"repository": "shop/backend", "tag": "1f2e3d4", "digest": "sha256:00"}},
			{"id": "e2", "action": "push", "target": {"repository": "shop/backend", "digest": "sha256:01"}}, {"id": "e3", "action": "pull", "target": {"repository": "shop/backend", "tag": "x"}}]}`,
			[]branch.Event{{Kind: branch.ImagePushed, Image: "registry.example.com/shop/backend:1f2e3d4"}}},
		{"Harbor: push", "registry", "", `{"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"digest": "sha256:00", "tag": "1f2e3d4", "resource_url": "registry.example.com/shop/backend:1f2e3d4"},
			{"resource_url": "elsewhere.example.com/shop/backend:1f2e3d4"}]}}`,
			[]branch.Event{{Kind: branch.ImagePushed, Image: "registry.example.com/shop/backend:1f2e3d4"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			call, err := branch.ReadWebhook(hook(sent(tt.kind, tt.event, tt.body), tt.body), senders(), now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, call.Events); diff != "" && len(tt.want)+len(call.Events) > 0 {
				t.Error(diff)
			}
			if tt.kind != "registry" && call.ID != "d1" {
				t.Errorf("the delivery is %q", call.ID)
			}
		})
	}
}

// A ping is accepted.
func TestPing(t *testing.T) {
	t.Parallel()
	for kind, event := range map[string]string{"github": "ping", "bitbucket": "diagnostics:ping"} {
		call, err := branch.ReadWebhook(hook(sent(kind, event, `{"zen": "Keep it logically awesome."}`), `{"zen": "Keep it logically awesome."}`), senders(), now)
		if err != nil || !call.Ping || len(call.Events) > 0 {
			t.Errorf("%s: %+v, %v", kind, call, err)
		}
	}
}

// GitHub can send its payload as a form; it signs the form.
func TestPayloadInAForm(t *testing.T) {
	t.Parallel()
	body := "payload=" + url.QueryEscape(hubPush)
	call, err := branch.ReadWebhook(hook(sent("github", "push", body), body), senders(), now)
	if err != nil || len(call.Events) != 1 || call.Events[0].Commit != head {
		t.Errorf("%+v, %v", call, err)
	}
}

// A webhook of an unverified sender is not decoded.
func TestForgedWebhooks(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]string{
		"no signature":            "X-GitHub-Event: push",
		"no hex":                  "X-GitHub-Event: push\nX-Hub-Signature-256: sha256=zz",
		"the old signature alone": "X-GitHub-Event: push\nX-Hub-Signature: sha256=" + mac(secret, hubPush),
		"another secret":          "X-GitHub-Event: push\nX-Hub-Signature-256: sha256=" + mac("guess", hubPush),
		"another body":            "X-GitHub-Event: push\nX-Hub-Signature-256: sha256=" + mac(secret, hubPush+" "),
		"an empty secret":         "X-GitHub-Event: push\nX-Hub-Signature-256: sha256=" + mac("", hubPush),
		"Gitea's without a prefix": "X-Gitea-Event: push\nX-Gitea-Signature: sha256=" +
			mac(secret, hubPush),
		"a token that is none":    "X-Gitlab-Event: Push Hook\nX-Gitlab-Token: guess",
		"no token":                "X-Gitlab-Event: Push Hook",
		"a registry's that is no": "Authorization: Bearer guess",
		"nothing at all":          "",
	} {
		t.Run(name, func(t *testing.T) {
			withEmpty := append(senders(), branch.Sender{Host: "empty.example.com", Kind: "github"}, branch.Sender{Host: "e.example.com", Kind: "registry"}, branch.Sender{Host: "e.example.com", Kind: "gitlab"})
			_, err := branch.ReadWebhook(hook(headers, hubPush), withEmpty, now)
			if staging.CodeOf(err) != staging.CodeUnauthorized {
				t.Errorf("%v", err)
			}
		})
	}
}

// A signature of GitLab expires after some minutes, so an intercepted webhook cannot be replayed later.
func TestSignedByGitLab(t *testing.T) {
	t.Parallel()
	const token = "whsec_" + "SXQncyBhIFNlY3JldCB0byBFdmVyeWJvZHk=" // the secret in base64
	signed := func(at time.Time, id, body string) string {
		stamp := strconv.FormatInt(at.Unix(), 10)
		raw, err := hex.DecodeString(mac(secret, "d2."+stamp+"."+body))
		if err != nil {
			t.Fatal(err)
		}
		return "X-Gitlab-Event: Push Hook\nIdempotency-Key: " + id + "\nwebhook-id: " + id + "\nwebhook-timestamp: " + stamp +
			"\nwebhook-signature: v1,AAAA v1," + base64.StdEncoding.EncodeToString(raw)
	}
	for name, tt := range map[string]struct {
		headers string
		fits    bool
	}{
		"now":                   {signed(now, "d2", labPush), true},
		"a clock that is late":  {signed(now.Add(-4*time.Minute), "d2", labPush), true},
		"a clock that is early": {signed(now.Add(4*time.Minute), "d2", labPush), true},
		"long ago":              {signed(now.Add(-6*time.Minute), "d2", labPush), false},
		"another delivery":      {signed(now, "d3", labPush), false},
		"another body":          {signed(now, "d2", labPush+" "), false},
		"no token beside it":    {"X-Gitlab-Event: Push Hook\nwebhook-signature: v1,AAAA\nX-Gitlab-Token: " + token, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := branch.ReadWebhook(hook(tt.headers, labPush), []branch.Sender{{Host: "gitlab.com", Kind: "gitlab", Secret: token}}, now)
			if tt.fits != (err == nil) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A body that is cut off or does not match its event is rejected.
func TestTruncatedWebhooks(t *testing.T) {
	t.Parallel()
	for kind, event := range map[string]string{"github": "push", "gitea": "push", "gitlab": "Push Hook", "bitbucket": "repo:push", "registry": ""} {
		for _, body := range []string{"", "{", hubPush[:len(hubPush)/2], `"text"`, `{"ref": 1, "project": 1, "push": 1, "events": 1}`} {
			call, err := branch.ReadWebhook(hook(sent(kind, event, body), body), senders(), now)
			if staging.CodeOf(err) != staging.CodeInvalid || len(call.Events) > 0 {
				t.Errorf("%s %q: %+v, %v", kind, body, call, err)
			}
		}
	}
}

// Events of a host concern only its own repositories.
func TestAHostSpeaksForItself(t *testing.T) {
	t.Parallel()
	body := strings.Replace(hubPush, "acme/shop", "evil/../../github.com/acme/shop", 1)
	call, err := branch.ReadWebhook(hook(sent("gitea", "push", body), body), senders(), now)
	if err != nil || !strings.HasPrefix(call.Events[0].Repository, "git.example.com/") || call.Host != "git.example.com:8443" {
		t.Errorf("%+v, %v", call, err)
	}
}

func FuzzReadHook(f *testing.F) {
	for _, body := range []string{hubPush, hubPull, labPush, labPull, bucketPush, bucketPull} {
		f.Add("push", body)
	}
	f.Fuzz(func(t *testing.T, event, body string) {
		for _, kind := range []string{"github", "gitea", "gitlab", "bitbucket", "registry"} {
			call, err := branch.ReadWebhook(hook(sent(kind, event, body), body), senders(), now)
			for _, e := range call.Events {
				if err != nil || e.Kind != branch.ImagePushed && (e.Branch == "" || e.Repository == "") {
					t.Errorf("%s: %+v, %v", kind, e, err)
				}
			}
		}
	})
}
