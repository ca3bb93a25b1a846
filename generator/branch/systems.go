package branch

import (
	"strconv"
	"strings"

	"octopod/generator/staging"
)

// system is a CI system: how to detect it, and how to read its variables.
type system struct {
	name   string
	detect func(env map[string]string) bool
	read   func(*reader)
}

// systems lists the supported CI systems. A system that also sets the variables of
// another one precedes it.
func systems() []system {
	set := func(variable string) func(map[string]string) bool {
		return func(env map[string]string) bool { return env[variable] != "" }
	}
	return []system{
		{"Forgejo Actions", set("FORGEJO_ACTIONS"), readGitHub},
		{"Gitea Actions", set("GITEA_ACTIONS"), readGitHub},
		{"GitHub Actions", set("GITHUB_ACTIONS"), func(r *reader) {
			readGitHub(r)
			r.metadata.Actor.Email = githubMail(r.env["GITHUB_ACTOR_ID"], r.metadata.Actor.Name)
		}},
		{"GitLab CI", set("GITLAB_CI"), readGitLab},
		{"Woodpecker", func(env map[string]string) bool { return env["CI"] == "woodpecker" }, readWoodpecker},
		{"Drone", set("DRONE"), readDrone},
		{"Bitbucket Pipelines", set("BITBUCKET_BUILD_NUMBER"), readBitbucket},
		{"CircleCI", set("CIRCLECI"), readCircle},
		{"Azure Pipelines", set("TF_BUILD"), readAzure},
		{"Buildkite", set("BUILDKITE"), readBuildkite},
		{"Travis CI", set("TRAVIS"), readTravis},
		{"Jenkins", func(env map[string]string) bool {
			return env["JENKINS_URL"] != "" || strings.HasPrefix(env["BUILD_TAG"], "jenkins-")
		}, readJenkins},
	}
}

// readGitLab reads branch and merge request pipelines. In a
// merged-results pipeline, CI_COMMIT_SHA is a merge commit.
func readGitLab(r *reader) {
	r.person("GITLAB_USER_EMAIL", "GITLAB_USER_NAME", "GITLAB_USER_LOGIN")
	r.repository("CI_PROJECT_URL")
	r.run(r.metadata.Repository, "CI_PIPELINE_IID")
	r.metadata.RunURL = r.lookup("run page", "CI_JOB_URL", "CI_PIPELINE_URL")
	if tag := r.env["CI_COMMIT_TAG"]; tag != "" {
		r.rejectTag(tag)
	} else {
		r.metadata.Branch = r.lookup("branch", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
			"CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME")
	}
	r.metadata.Commit = r.lookup("commit", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA")
	if r.metadata.Commit == r.env["CI_COMMIT_SHA"] {
		r.metadata.Committed = r.time("CI_COMMIT_TIMESTAMP")
	}
	if pull := r.pullRequest("CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"); pull != nil && r.env["CI_MERGE_REQUEST_IID"] != "" {
		pull.Title = r.env["CI_MERGE_REQUEST_TITLE"]
		pull.URL = r.env["CI_MERGE_REQUEST_PROJECT_URL"] + "/-/merge_requests/" + strconv.Itoa(pull.Number)
	}
	r.fork(r.env["CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"], r.env["CI_MERGE_REQUEST_PROJECT_PATH"], "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH")
	r.fork(r.env["CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY"], r.env["CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY"],
		"CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY")
}

// readWoodpecker reads Woodpecker. CI_COMMIT_BRANCH of a pull request is its target.
func readWoodpecker(r *reader) {
	r.person("CI_COMMIT_AUTHOR_EMAIL", "CI_PIPELINE_AUTHOR", "CI_COMMIT_AUTHOR")
	r.repository("CI_REPO_URL")
	r.run(r.metadata.Repository, "CI_PIPELINE_NUMBER")
	r.metadata.RunURL = r.lookup("run page", "CI_PIPELINE_URL")
	r.metadata.Commit = r.lookup("commit", "CI_COMMIT_SHA")
	switch event := r.env["CI_PIPELINE_EVENT"]; {
	case strings.HasPrefix(event, "pull_request"):
		r.metadata.Branch = r.lookup("branch", "CI_COMMIT_SOURCE_BRANCH")
		if pull := r.pullRequest("CI_COMMIT_PULL_REQUEST"); pull != nil {
			pull.URL = r.env["CI_PIPELINE_FORGE_URL"]
		}
		r.unknownFork()
	case event == "tag" || event == "release":
		r.rejectTag(r.env["CI_COMMIT_TAG"])
	default:
		r.metadata.Branch = r.lookup("branch", "CI_COMMIT_BRANCH")
	}
}

// readDrone reads Drone. DRONE_BRANCH of a pull request is its target.
func readDrone(r *reader) {
	r.person("DRONE_COMMIT_AUTHOR_EMAIL", "DRONE_COMMIT_AUTHOR_NAME", "DRONE_COMMIT_AUTHOR")
	r.repository("DRONE_REPO_LINK")
	r.run(r.metadata.Repository, "DRONE_BUILD_NUMBER")
	r.metadata.RunURL = r.lookup("run page", "DRONE_BUILD_LINK")
	r.metadata.Commit = r.lookup("commit", "DRONE_COMMIT_SHA")
	switch r.env["DRONE_BUILD_EVENT"] {
	case "pull_request":
		r.metadata.Branch = r.lookup("branch", "DRONE_SOURCE_BRANCH")
		if pull := r.pullRequest("DRONE_PULL_REQUEST"); pull != nil {
			pull.Title, pull.URL = r.env["DRONE_PULL_REQUEST_TITLE"], r.env["DRONE_COMMIT_LINK"]
		}
		r.unknownFork()
	case "tag":
		r.rejectTag(r.env["DRONE_TAG"])
	default:
		r.metadata.Branch = r.lookup("branch", "DRONE_BRANCH")
	}
}

// unknownFork records that the system does not provide the repository of a pull request.
func (r *reader) unknownFork() {
	r.recordMissing("fork", r.metadata.System+" does not report whether a pull request comes from a fork; it gives forks no secrets")
}

// readBitbucket reads Bitbucket Pipelines. Pull requests of forks run only in the fork.
func readBitbucket(r *reader) {
	r.repository("BITBUCKET_GIT_HTTP_ORIGIN")
	r.run(r.metadata.Repository, "BITBUCKET_BUILD_NUMBER")
	r.metadata.RunURL = "https://" + r.metadata.Repository + "/pipelines/results/" + r.env["BITBUCKET_BUILD_NUMBER"]
	r.metadata.Commit = r.lookup("commit", "BITBUCKET_COMMIT")
	if tag := r.env["BITBUCKET_TAG"]; tag != "" {
		r.rejectTag(tag)
		return
	}
	r.metadata.Branch = r.lookup("branch", "BITBUCKET_BRANCH")
	if pull := r.pullRequest("BITBUCKET_PR_ID"); pull != nil {
		pull.URL = "https://" + r.metadata.Repository + "/pull-requests/" + strconv.Itoa(pull.Number)
	}
}

// readCircle reads CircleCI. The branch of a fork's pull request is named pull/7. The
// numbers of jobs follow their start, not the order of pushes.
func readCircle(r *reader) {
	r.person("", "CIRCLE_USERNAME")
	r.repository("CIRCLE_REPOSITORY_URL")
	r.metadata.RunURL = r.lookup("run page", "CIRCLE_BUILD_URL")
	r.metadata.Commit = r.lookup("commit", "CIRCLE_SHA1")
	if tag := r.env["CIRCLE_TAG"]; tag != "" {
		r.rejectTag(tag)
		return
	}
	if name := r.env["CIRCLE_PR_REPONAME"]; name != "" {
		r.fork(r.env["CIRCLE_PR_USERNAME"]+"/"+name, "", "CIRCLE_PR_USERNAME, CIRCLE_PR_REPONAME")
	}
	r.metadata.Branch = r.lookup("branch", "CIRCLE_BRANCH")
	if page := r.env["CIRCLE_PULL_REQUEST"]; page != "" {
		number, _ := strconv.Atoi(page[strings.LastIndex(page, "/")+1:])
		if number > 0 {
			r.metadata.PullRequest = &staging.PullRequest{Number: number, URL: r.record("pull request", page, "CIRCLE_PULL_REQUEST")}
		}
	}
}

// readAzure reads Azure Pipelines. BUILD_SOURCEBRANCH and BUILD_SOURCEVERSION of a pull
// request are a merge commit of Azure.
func readAzure(r *reader) {
	r.person("BUILD_REQUESTEDFOREMAIL", "BUILD_REQUESTEDFOR", "BUILD_SOURCEVERSIONAUTHOR")
	r.repository("BUILD_REPOSITORY_URI")
	project := r.env["SYSTEM_COLLECTIONURI"] + r.env["SYSTEM_TEAMPROJECT"]
	r.run(strings.TrimPrefix(project, "https://")+"/"+r.env["BUILD_DEFINITIONNAME"], "BUILD_BUILDID")
	r.metadata.RunURL = project + "/_build/results?buildId=" + r.env["BUILD_BUILDID"]
	pull := r.pullRequest("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID")
	if pull == nil {
		r.ref(r.env["BUILD_SOURCEBRANCH"], "BUILD_SOURCEBRANCH")
		r.metadata.Commit = r.lookup("commit", "BUILD_SOURCEVERSION")
		return
	}
	r.metadata.Branch = r.lookup("branch", "SYSTEM_PULLREQUEST_SOURCEBRANCH")
	r.metadata.Commit = r.lookup("commit", "SYSTEM_PULLREQUEST_SOURCECOMMITID")
	page := map[string]string{"GitHub": "/pull/", "TfsGit": "/pullrequest/"}[r.env["BUILD_REPOSITORY_PROVIDER"]]
	if page != "" {
		pull.URL = "https://" + r.metadata.Repository + page + strconv.Itoa(pull.Number)
	}
	if strings.EqualFold(r.env["SYSTEM_PULLREQUEST_ISFORK"], "true") {
		from := repositoryOf(r.env["SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI"])
		if from == "" {
			from = deletedFork
		}
		r.fork(from, "", "SYSTEM_PULLREQUEST_ISFORK")
	}
}

// readBuildkite reads Buildkite. The branch of a fork's pull request is named
// owner:branch. A build that a person starts may have the commit HEAD.
func readBuildkite(r *reader) {
	r.person("BUILDKITE_BUILD_CREATOR_EMAIL", "BUILDKITE_BUILD_CREATOR")
	r.repository("BUILDKITE_REPO")
	r.run("buildkite.com/"+r.env["BUILDKITE_ORGANIZATION_SLUG"]+"/"+r.env["BUILDKITE_PIPELINE_SLUG"], "BUILDKITE_BUILD_NUMBER")
	r.metadata.RunURL = r.lookup("run page", "BUILDKITE_BUILD_URL")
	if r.env["BUILDKITE_COMMIT"] != "HEAD" {
		r.metadata.Commit = r.lookup("commit", "BUILDKITE_COMMIT")
	}
	if tag := r.env["BUILDKITE_TAG"]; tag != "" {
		r.rejectTag(tag)
		return
	}
	r.pullRequest("BUILDKITE_PULL_REQUEST")
	r.fork(repositoryOf(r.env["BUILDKITE_PULL_REQUEST_REPO"]), r.metadata.Repository, "BUILDKITE_PULL_REQUEST_REPO")
	name := r.lookup("branch", "BUILDKITE_BRANCH")
	if _, rest, ok := strings.Cut(name, ":"); ok && r.metadata.Fork != "" {
		name = rest
	}
	r.metadata.Branch = name
}

// readTravis reads Travis CI. TRAVIS_BRANCH of a pull request is its target, TRAVIS_COMMIT a
// merge commit.
func readTravis(r *reader) {
	r.metadata.Repository = "github.com/" + r.lookup("repository", "TRAVIS_REPO_SLUG")
	r.run("travis-ci.com/"+r.env["TRAVIS_REPO_SLUG"], "TRAVIS_BUILD_NUMBER")
	r.metadata.RunURL = r.lookup("run page", "TRAVIS_BUILD_WEB_URL")
	if tag := r.env["TRAVIS_TAG"]; tag != "" {
		r.rejectTag(tag)
		return
	}
	pull := r.pullRequest("TRAVIS_PULL_REQUEST")
	if pull == nil {
		r.metadata.Branch = r.lookup("branch", "TRAVIS_BRANCH")
		r.metadata.Commit = r.lookup("commit", "TRAVIS_COMMIT")
		return
	}
	pull.URL = "https://" + r.metadata.Repository + "/pull/" + strconv.Itoa(pull.Number)
	r.metadata.Branch = r.lookup("branch", "TRAVIS_PULL_REQUEST_BRANCH")
	r.metadata.Commit = r.lookup("commit", "TRAVIS_PULL_REQUEST_SHA")
	r.fork(r.env["TRAVIS_PULL_REQUEST_SLUG"], r.env["TRAVIS_REPO_SLUG"], "TRAVIS_PULL_REQUEST_SLUG")
}

// readJenkins reads multibranch projects and plain ones. BRANCH_NAME of a pull
// request is a generated name such as PR-24.
func readJenkins(r *reader) {
	r.person("BUILD_USER_EMAIL", "BUILD_USER", "CHANGE_AUTHOR_DISPLAY_NAME", "CHANGE_AUTHOR")
	r.repository("GIT_URL", "GIT_URL_1")
	r.run(hostOf(r.env["JENKINS_URL"])+"/"+r.env["JOB_NAME"], "BUILD_NUMBER")
	r.metadata.RunURL = r.lookup("run page", "BUILD_URL")
	if tag := r.env["TAG_NAME"]; tag != "" {
		r.rejectTag(tag)
		return
	}
	r.metadata.Commit = r.lookup("commit", "GIT_COMMIT")
	if pull := r.pullRequest("CHANGE_ID"); pull != nil {
		pull.URL, pull.Title, pull.Author = r.env["CHANGE_URL"], r.env["CHANGE_TITLE"], r.env["CHANGE_AUTHOR"]
		r.metadata.Branch = r.lookup("branch", "CHANGE_BRANCH")
		r.fork(r.env["CHANGE_FORK"], "", "CHANGE_FORK")
		if r.metadata.Branch == "" {
			r.recordMissing("branch", "CHANGE_BRANCH is not set, and BRANCH_NAME of a pull request is not a branch")
		}
		return
	}
	if r.metadata.Branch = r.lookup("branch", "BRANCH_NAME"); r.metadata.Branch != "" {
		return
	}
	branch := strings.TrimPrefix(strings.TrimPrefix(r.env["GIT_BRANCH"], "refs/remotes/"), "origin/")
	if branch == "detached" {
		r.recordMissing("branch", "a commit was checked out without its branch (GIT_BRANCH is detached)")
		return
	}
	r.metadata.Branch = r.record("branch", branch, "GIT_BRANCH")
}
