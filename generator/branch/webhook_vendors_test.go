package branch_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/branch"
	"octopod/generator/staging"
)

// The payloads are shortened from the documentation of the vendors, which the webhook_*.go
// files link.
const (
	labPipeline = `{"object_kind": "pipeline", "object_attributes": {"id": 31, "iid": 3, "name": "Build", "ref": "feature/login", "tag": false, "sha": "` + head + `",
		"before_sha": "` + older + `", "source": "merge_request_event", "status": "success", "stages": ["build"], "variables": [{"key": "A", "value": "b"}],
		"url": "https://gitlab.com/acme/shop/-/pipelines/31"}, "user": {"id": 1, "username": "ada", "email": "ada@example.com"},
		"project": {"path_with_namespace": "acme/shop"}, "commit": {"id": "` + head + `"}, "builds": [{"id": 380}]}`
	centerPush = `{"eventKey": "repo:refs_changed", "date": "2026-11-20T10:00:00+0100", "actor": {"name": "ada", "emailAddress": "ada@example.com", "id": 1, "type": "NORMAL"},
		"repository": {"slug": "shop", "id": 84, "name": "shop", "scmId": "git", "project": {"key": "ACME", "id": 2, "name": "Acme"}},
		"changes": [{"ref": {"id": "refs/heads/feature/login", "displayId": "feature/login", "type": "BRANCH"}, "refId": "refs/heads/feature/login",
		"fromHash": "` + older + `", "toHash": "` + head + `", "type": "UPDATE"}, {"refId": "refs/tags/feature/login", "fromHash": "` + zeros + `", "toHash": "` + head + `", "type": "ADD"}]}`
	centerPull = `{"eventKey": "pr:from_ref_updated", "actor": {"name": "grace", "type": "NORMAL"}, "previousFromHash": "` + older + `", "pullRequest": {"id": 7, "title": "Passkeys",
		"state": "OPEN", "open": true, "closed": false, "draft": false, "createdDate": 1505783860548, "author": {"user": {"name": "ada"}},
		"fromRef": {"id": "refs/heads/feature/login", "latestCommit": "` + head + `", "repository": {"slug": "shop", "project": {"key": "ACME"}}},
		"toRef": {"id": "refs/heads/main", "repository": {"slug": "shop", "project": {"key": "ACME"}}},
		"links": {"self": [{"href": "https://bitbucket.example.com/projects/ACME/repos/shop/pull-requests/7"}]}}}`
	azurePush = `{"subscriptionId": "0", "notificationId": 1, "id": "d1", "eventType": "git.push", "publisherId": "tfs", "resource": {
		"commits": [{"commitId": "` + head + `", "author": {"name": "Ada"}, "committer": {"name": "Ada", "date": "2026-11-20T09:00:00Z"}}],
		"refUpdates": [{"name": "refs/heads/feature/login", "oldObjectId": "` + older + `", "newObjectId": "` + head + `"}],
		"repository": {"id": "2", "name": "shop", "project": {"name": "Web"}, "remoteUrl": "https://acme@dev.azure.com/acme/Web/_git/shop"},
		"pushedBy": {"displayName": "Ada", "uniqueName": "ada@example.com"}, "pushId": 14}}`
	azurePull = `{"id": "d1", "eventType": "git.pullrequest.merged", "resource": {"repository": {"remoteUrl": "https://dev.azure.com/acme/Web/_git/shop"}, "pullRequestId": 7,
		"status": "completed", "createdBy": {"displayName": "Ada", "uniqueName": "ACME\\ada"}, "title": "Passkeys", "sourceRefName": "refs/heads/feature/login",
		"isDraft": false, "lastMergeSourceCommit": {"commitId": "` + head + `"}, "_links": {"web": {"href": "https://dev.azure.com/acme/Web/_git/shop/pullrequest/7"}}}}`
	teaPackage = `{"action": "created", "repository": null, "package": {"id": 1, "owner": {"login": "Acme"}, "creator": {"login": "ada"}, "type": "container",
		"name": "backend", "version": "1f2e3d4", "html_url": "https://git.example.com:8443/Acme/-/packages/container/backend/1f2e3d4"}, "sender": {"login": "ada"}}`
	dockerHub = `{"callback_url": "https://registry.hub.docker.com/u/acme/backend/hook/2141/", "push_data": {"pushed_at": 1417566161, "pusher": "ada", "tag": "1f2e3d4"},
		"repository": {"name": "backend", "namespace": "acme", "repo_name": "acme/backend", "repo_url": "https://registry.hub.docker.com/v2/repositories/acme/backend"}}`
	quay = `{"name": "backend", "repository": "acme/backend", "namespace": "acme", "docker_url": "quay.io/acme/backend", "homepage": "https://quay.io/repository/acme/backend",
		"updated_tags": ["1f2e3d4", "main"]}`
	ecr = `{"version": "0", "id": "d1", "detail-type": "ECR Image Action", "source": "aws.ecr", "account": "123456789012", "time": "2026-11-20T09:00:00Z",
		"region": "eu-central-1", "resources": [], "detail": {"result": "SUCCESS", "repository-name": "shop/backend", "image-digest": "sha256:7f5b", "action-type": "PUSH", "image-tag": "1f2e3d4"}}`
	containerRegistry = `{"id": "d1", "timestamp": "2026-11-20T09:00:00.343145347Z", "action": "push", "target": {"mediaType": "application/vnd.docker.distribution.manifest.v2+json",
		"size": 524, "digest": "sha256:80f0", "length": 524, "repository": "shop/backend", "tag": "1f2e3d4"}, "request": {"id": "3cbb", "host": "acme.azurecr.io", "method": "PUT"}}`
	artifactory = `{"domain": "docker", "event_type": "pushed", "data": {"repo_key": "docker-local", "event_type": "pushed", "path": "shop/backend/1f2e3d4/list.manifest.json",
		"name": "", "sha256": "be4d", "size": 1514, "image_name": "shop/backend", "tag": "1f2e3d4", "platforms": []}, "subscription_key": "octopod", "jpd_origin": "https://acme.jfrog.io", "source": "jfrog/ada"}`
)

// artifactRegistry is a message of Google's Artifact Registry, as Pub/Sub pushes it.
func artifactRegistry(data string) string {
	return `{"message": {"attributes": {}, "data": "` + base64.StdEncoding.EncodeToString([]byte(data)) + `", "messageId": "d1", "message_id": "d1",
		"publishTime": "2026-11-20T09:00:00.6Z"}, "subscription": "projects/acme/subscriptions/octopod"}`
}

// vendor is one webhook as its vendor sends and proves it.
type vendor struct {
	name, host, kind string
	headers          string // with SIGNATURE for the HMAC of the body, and SECRET
	inAddress        bool   // the address has the secret
	body             string
	event            string // as the log of deliveries names it
	want             []branch.Event
}

func (v vendor) request(key string) branch.Request {
	basic := base64.StdEncoding.EncodeToString([]byte("octopod:" + key))
	r := hook(strings.NewReplacer("SIGNATURE", mac(key, v.body), "BASIC", basic, "SECRET", key).Replace(v.headers), v.body)
	if v.inAddress {
		r.Token = key
	}
	return r
}

func images(references ...string) []branch.Event {
	var events []branch.Event
	for _, reference := range references {
		events = append(events, branch.Event{Kind: branch.ImagePushed, Image: reference})
	}
	return events
}

func vendors() []vendor {
	const center, azure = "bitbucket-datacenter", "azure-devops"
	pushed := branch.Event{
		Kind: branch.Pushed, Branch: "feature/login", Commit: head, Before: older, By: staging.Person{Name: "ada", Email: "ada@example.com"},
		Repository: "bitbucket.example.com/scm/ACME/shop", Alias: "bitbucket.example.com/ACME/shop",
	}
	gone := with(pushed, func(e *branch.Event) { e.Kind, e.Commit, e.Before = branch.Deleted, "", "" })
	pull := with(pullEvent("", "https://bitbucket.example.com/projects/ACME/repos/shop/pull-requests/7"), func(e *branch.Event) {
		e.Repository, e.Alias, e.Before, e.Pull.Labels, e.Pull.HeadChanged = pushed.Repository, pushed.Alias, older, nil, true
	})
	azurePushed := with(pushed, func(e *branch.Event) {
		e.Repository, e.Alias, e.By.Name, e.Committed = "dev.azure.com/acme/Web/_git/shop", "ssh.dev.azure.com/v3/acme/Web/shop", "Ada", time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	})
	merged := with(pullEvent("", "https://dev.azure.com/acme/Web/_git/shop/pullrequest/7"), func(e *branch.Event) {
		e.Repository, e.Alias, e.By.Name, e.Pull.Author, e.Pull.Labels, e.Pull.Closed = azurePushed.Repository, azurePushed.Alias, "Ada", "Ada", nil, true
	})
	bitbucket := func(event string) string {
		return "X-Event-Key: " + event + "\nX-Request-Id: d1\nX-Hub-Signature: sha256=SIGNATURE"
	}
	const hub, tea, bearer = "docker.io", "X-Gitea-Event: package\nX-Gitea-Delivery: d1\nX-Gitea-Signature: SIGNATURE", "Authorization: Bearer SECRET"
	const lab = "Idempotency-Key: d1\nX-Gitlab-Token: SECRET\nX-Gitlab-Event: "
	return []vendor{
		{"GitLab: pipeline", "gitlab.com", "gitlab", lab + "Pipeline Hook", false, labPipeline, "Pipeline Hook", nil},
		{"GitLab: an event to come", "gitlab.com", "gitlab", lab + "Emoji Hook", false, `[{"project": 1}]`, "Emoji Hook", nil},
		{"GitHub: an event in another format", "github.com", "github", "X-GitHub-Event: status\nX-GitHub-Delivery: d1\nX-Hub-Signature-256: sha256=SIGNATURE", false, `{"repository": 7}`, "status", nil},
		{"Bitbucket Cloud: an event in another format", "bitbucket.org", "bitbucket", "X-Event-Key: repo:commit_status_created\nX-Request-UUID: d1\nX-Hub-Signature: sha256=SIGNATURE", false, `{"push": 7}`, "repo:commit_status_created", nil},
		{"Bitbucket Data Center: push of a branch and of a tag of its name", "bitbucket.example.com", center, bitbucket("repo:refs_changed"), false, centerPush, "repo:refs_changed", []branch.Event{pushed}},
		{"Bitbucket Data Center: branch deleted", "bitbucket.example.com", center, bitbucket("repo:refs_changed"), false,
			strings.Replace(centerPush, `"toHash": "`+head, `"toHash": "`+zeros, 1), "repo:refs_changed", []branch.Event{gone}},
		{"Bitbucket Data Center: pull request pushed to", "bitbucket.example.com", center, bitbucket("pr:from_ref_updated"), false, centerPull, "pr:from_ref_updated", []branch.Event{pull}},
		{"Bitbucket Data Center: pull request merged", "bitbucket.example.com", center, bitbucket("pr:merged"), false, strings.Replace(centerPull, "OPEN", "MERGED", 1), "pr:merged",
			[]branch.Event{with(pull, func(e *branch.Event) { e.Pull.HeadChanged, e.Pull.Closed = false, true })}},
		{"Bitbucket Data Center: pull request of a fork", "bitbucket.example.com", center, bitbucket("pr:opened"), false,
			strings.Replace(centerPull, `"project": {"key": "ACME"}}},`+"\n\t\t\"toRef\"", `"project": {"key": "~MALLORY"}}}, "toRef"`, 1), "pr:opened",
			[]branch.Event{with(pull, func(e *branch.Event) { e.Pull.Fork = "bitbucket.example.com/~MALLORY/shop" })}},
		{"Bitbucket Data Center: comment", "bitbucket.example.com", center, bitbucket("pr:comment:added"), false, centerPull, "pr:comment:added", nil},
		{"Bitbucket Data Center: repository renamed", "bitbucket.example.com", center, bitbucket("repo:modified"), false, `{"changes": {"old": 1}}`, "repo:modified", nil},
		{"Azure DevOps: push", "dev.azure.com", azure, "Authorization: Basic BASIC", false, azurePush, "git.push", []branch.Event{azurePushed}},
		{"Azure DevOps: push in a repository of another host", "azure.example.com", azure, "Authorization: Basic BASIC", false, azurePush, "git.push", nil},
		{"Azure DevOps: pull request merged", "dev.azure.com", azure, "Authorization: Basic BASIC", false, azurePull, "git.pullrequest.merged", []branch.Event{merged}},
		{"Azure DevOps: build", "dev.azure.com", azure, bearer, false, `{"id": "d1", "eventType": "build.complete", "resource": {"repository": 7, "status": "succeeded"}}`, "build.complete", nil},
		{"Gitea: container image", "git.example.com:8443", "gitea", tea, false, teaPackage, "package", images("git.example.com:8443/acme/backend:1f2e3d4")},
		{"Gitea: another package", "git.example.com:8443", "gitea", tea, false, strings.Replace(teaPackage, "container", "npm", 1), "package", nil},
		{"Docker Hub", hub, "registry", "", true, dockerHub, "Docker Hub push", images("docker.io/acme/backend:1f2e3d4")},
		{"Docker Hub, for a registry that is not", "registry.example.com", "registry", "", true, dockerHub, "Docker Hub push", nil},
		{"Quay", "quay.io", "registry", "", true, quay, "Quay repository push", images("quay.io/acme/backend:1f2e3d4", "quay.io/acme/backend:main")},
		{"Amazon ECR", "123456789012.dkr.ecr.eu-central-1.amazonaws.com", "registry", bearer, false, ecr, "ECR Image Action", images("123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/backend:1f2e3d4")},
		{"Amazon ECR: scan", "123456789012.dkr.ecr.eu-central-1.amazonaws.com", "registry", "Authorization: Basic BASIC", false, strings.Replace(ecr, "Action", "Scan", 1), "ECR Image Scan", nil},
		{"Google Artifact Registry", "us-docker.pkg.dev", "registry", "", true, artifactRegistry(`{"action": "INSERT", "digest": "us-docker.pkg.dev/acme/shop/backend@sha256:00", "tag": "us-docker.pkg.dev/acme/shop/backend:1f2e3d4"}`),
			"Google Pub/Sub message", images("us-docker.pkg.dev/acme/shop/backend:1f2e3d4")},
		{"Google Artifact Registry: tag deleted", "us-docker.pkg.dev", "registry", bearer, false, artifactRegistry(`{"action": "DELETE", "tag": "us-docker.pkg.dev/acme/shop/backend:1f2e3d4"}`), "Google Pub/Sub message", nil},
		{"Azure Container Registry", "acme.azurecr.io", "registry", bearer, false, containerRegistry, "Azure Container Registry push", images("acme.azurecr.io/shop/backend:1f2e3d4")},
		{"Azure Container Registry: delete", "acme.azurecr.io", "registry", bearer, false, strings.Replace(containerRegistry, `"push"`, `"delete"`, 1), "Azure Container Registry delete", nil},
		{"Artifactory, with the secret", "acme.jfrog.io", "registry", "X-JFrog-Event-Auth: SECRET", false, artifactory, "docker pushed",
			images("acme.jfrog.io/docker-local/shop/backend:1f2e3d4", "acme.jfrog.io/shop/backend:1f2e3d4")},
		{"Artifactory, signed", "acme.jfrog.io", "registry", "X-JFrog-Event-Auth: SIGNATURE", false, artifactory, "docker pushed",
			images("acme.jfrog.io/docker-local/shop/backend:1f2e3d4", "acme.jfrog.io/shop/backend:1f2e3d4")},
		{"Artifactory: artifact deployed", "acme.jfrog.io", "registry", "X-JFrog-Event-Auth: SECRET", false, `{"domain": "artifact", "event_type": "deployed", "data": []}`, "artifact deployed", nil},
		{"a registry to come", "registry.example.com", "registry", bearer, false, `{"kind": "image"}`, "notification in an unknown format", nil},
	}
}

// Each vendor's webhook gives its events with the vendor's proof, and is rejected without
// it. An event that Octopod does not use is accepted, by name.
func TestVendorsWebhooks(t *testing.T) {
	t.Parallel()
	for _, v := range vendors() {
		t.Run(v.name, func(t *testing.T) {
			known := []branch.Sender{{Host: v.host, Kind: v.kind, Secret: secret}}
			call, err := branch.ReadWebhook(v.request(secret), known, now)
			if err != nil || call.Event != v.event || call.Host != v.host || call.Ping {
				t.Fatalf("%+v, %v", call, err)
			}
			if diff := cmp.Diff(v.want, call.Events); diff != "" && len(v.want)+len(call.Events) > 0 {
				t.Error(diff)
			}
			for _, key := range []string{"guess", ""} {
				if call, err := branch.ReadWebhook(v.request(key), known, now); staging.CodeOf(err) != staging.CodeUnauthorized || len(call.Events) > 0 {
					t.Errorf("with the secret %q: %+v, %v", key, call, err)
				}
			}
		})
	}
}

// A service with any address of its repository gets the pushes of it.
func TestNamesOfARepository(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"Bitbucket Data Center: push of a branch and of a tag of its name": "https://bitbucket.example.com/scm/acme/shop.git ssh://git@bitbucket.example.com:7999/acme/shop.git",
		"Azure DevOps: push": "https://dev.azure.com/acme/Web/_git/shop git@ssh.dev.azure.com:v3/acme/Web/shop",
	} {
		for _, v := range vendors() {
			if v.name != name {
				continue
			}
			for _, one := range strings.Fields(address) {
				if !v.want[0].Of(one) {
					t.Errorf("%s: not of %s", name, one)
				}
			}
		}
	}
}

func FuzzVendorsWebhooks(f *testing.F) {
	for i, v := range vendors() {
		f.Add(i, v.body)
	}
	f.Fuzz(func(t *testing.T, i int, body string) {
		all := vendors()
		v := all[uint(i)%uint(len(all))]
		v.body = body
		call, err := branch.ReadWebhook(v.request(secret), []branch.Sender{{Host: v.host, Kind: v.kind, Secret: secret}}, now)
		for _, e := range call.Events {
			ofHost := strings.HasPrefix(e.Image, v.host+"/") || strings.HasPrefix(e.Repository, strings.Split(v.host, ":")[0]+"/")
			if err != nil || !ofHost {
				t.Errorf("%s: %+v, %v", v.name, e, err)
			}
		}
	})
}
