package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Every step of a story, repeated on the same parent commit, makes the same commit: the
// same files, author and trailers.
func TestCorpusStoriesRepeat(t *testing.T) {
	if *record != "" {
		t.Skip("the env repos already contain the commits")
	}
	enterCorpus(t)
	for _, name := range corpusRepos(t) {
		t.Run(name, func(t *testing.T) {
			repo := bareRepo{t, name + ".git"}
			made := repo.commitsByDate()
			for _, step := range readStory(t, name).steps {
				if step.byOctopod() {
					repo.repeat(step, made[step.at.Unix()])
				}
			}
		})
	}
}

// repeat runs one step again on its original parent commit.
func (r bareRepo) repeat(step step, made []string) {
	r.t.Helper()
	if len(made) == 0 {
		r.t.Errorf("%s: %q committed nothing", step.at, step.words)
		return
	}
	before, err := r.tryGit("rev-parse", "--verify", "--quiet", made[0]+"^")
	if err != nil { // the first commit
		before = ""
		r.git("update-ref", "-d", "refs/heads/main")
	} else {
		r.git("update-ref", "refs/heads/main", before)
	}
	if a := (thisTree{}).run(r.t, step.call(strings.TrimSuffix(r.dir, ".git"))); a.exit != 0 {
		r.t.Errorf("%s: %q: exit %d\n%s%s", step.at, step.words, a.exit, a.stdout, a.stderr)
		return
	}
	now := strings.Fields(r.git("rev-list", "--reverse", strings.TrimPrefix(before+"..main", "..")))
	if len(now) != len(made) {
		r.t.Errorf("%s: %q makes %d commits, made %d", step.at, step.words, len(now), len(made))
		return
	}
	for i := range made {
		if a, b := r.described(made[i]), r.described(now[i]); a != b {
			r.t.Errorf("%s: %q\n%s", step.at, step.words, lineDiff(a, b))
		}
		left := ""
		if slices.Contains(step.words, "sweep") {
			left = before
		}
		r.sameFiles(fmt.Sprintf("%s: %q", step.at, step.words), made[i], now[i], left)
	}
}

// described returns the machine-readable part of a commit, without its files.
func (r bareRepo) described(commit string) string {
	return withoutWords(r.git("show", "--no-patch", "--date=iso-strict", "--format="+describeCommit, commit))
}

// sameFiles compares the files of two commits, without comments and descriptions. The
// second commit may also have a file as it is in the commit left, unless that is "": the
// recorded program shipped pending changes with every sleep.
func (r bareRepo) sameFiles(step, before, after, left string) {
	r.t.Helper()
	for _, name := range strings.Fields(r.git("diff-tree", "-r", "--name-only", "--no-renames", before, after)) {
		a, errA := r.tryGit("cat-file", "blob", before+":"+name)
		b, errB := r.tryGit("cat-file", "blob", after+":"+name)
		if errA != nil || errB != nil {
			r.t.Errorf("%s\n%s exists in one of the commits only", step, name)
			continue
		}
		if was, err := r.tryGit("cat-file", "blob", left+":"+name); left != "" && err == nil && was == b {
			continue
		}
		if strings.Contains(step, "--template") && adoptedFiles.MatchString(name) {
			continue
		}
		if !sameContent(name, a, b) {
			r.t.Errorf("%s\n%s\n%s", step, name, lineDiff(a, b))
		}
	}
}

// commitsByDate lists the commits of a repository by their date, oldest first.
func (r bareRepo) commitsByDate() map[int64][]string {
	r.t.Helper()
	made := map[int64][]string{}
	for line := range strings.Lines(r.git("log", "--reverse", "--format=%ct %H", "main")) {
		var at int64
		var commit string
		if _, err := fmt.Sscan(line, &at, &commit); err != nil {
			r.t.Fatal(err)
		}
		made[at] = append(made[at], commit)
	}
	return made
}

// jobName matches the patch that names a Job by its content. The recorded program had
// none: a Job that changed was refused by Kubernetes.
var jobName = regexp.MustCompile(`  - target:\n      kind: Job\n      name: [\w-]+\n    patch: \|\n      - op: replace\n        path: /metadata/name\n        value: [\w-]+-[0-9a-f]{10}\n`)

// adoptedFiles are the files that init writes around a base. The recorded program named
// list elements in them by position, and froze the values of the base.
var adoptedFiles = regexp.MustCompile(`^(octopod\.yaml|templates/components/hosts/kustomization\.yaml|templates/depot/kustomization\.yaml)$`)

// sameContent compares two versions of a file of init or lint --fix, without comments
// and descriptions. Files in envs/ must be equal byte for byte, except the names of Jobs.
func sameContent(name, a, b string) bool {
	switch {
	case strings.HasPrefix(name, "envs/"):
		return a == b || a == jobName.ReplaceAllString(b, "")
	case name == "README.md", name == "jsonnet/octopod.libsonnet", name == "jsonnet/bring.libsonnet": // of this version
		return true
	case path.Ext(name) == ".json":
		return extendsSchema(a, b)
	case path.Ext(name) == ".libsonnet":
		return jsonnetComment.ReplaceAllString(a, "") == jsonnetComment.ReplaceAllString(b, "")
	case path.Ext(name) == ".yaml":
		return reflect.DeepEqual(yamlDocuments(a), yamlDocuments(b))
	}
	return a == b
}

var jsonnetComment = regexp.MustCompile(`(?m)^\s*//.*\n|\s+//.*$`)

func yamlDocuments(text string) (all []any) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var one any
		if err := decoder.Decode(&one); err != nil {
			if !errors.Is(err, io.EOF) {
				all = append(all, err.Error())
			}
			return all
		}
		all = append(all, one)
	}
}

// In the files derived from octopod.yaml, only comments and descriptions may change;
// lint then reports them for lint --fix.
func TestCorpusKeptFiles(t *testing.T) {
	if *record != "" {
		t.Skip("does not use the recorded program")
	}
	enterCorpus(t)
	for _, name := range corpusRepos(t) {
		if brokenByHand[name] {
			continue
		}
		repo := bareRepo{t, name + ".git"}
		before := repo.tip()
		if a := (thisTree{}).run(t, newAsker(thisTree{}, repo, nil).call("octopod lint --fix")); a.exit != 0 && withoutTeardowns(a.stdout) != "" {
			t.Errorf("%s: %s%s", name, a.stdout, a.stderr)
		}
		repo.sameFiles(name, before, repo.tip(), "")
	}
}

// teardowns matches what lint reports of the stagings that the recorded program was
// deleting: the Jobs of their teardown had no names by content.
var teardowns = regexp.MustCompile(`(?m)^(  ~ .*|envs/(ancient|forgotten|leak): is not what Octopod would write: .*|3 problems)\n`)

func withoutTeardowns(text string) string { return teardowns.ReplaceAllString(text, "") }

// brokenByHand are the env repos with unreadable records.
var brokenByHand = map[string]bool{"ruin": true}

// Every version of every record and octopod.yaml in the corpus can be read and written
// again without a difference: no version needs a migration.
func TestCorpusNeedsNoMigration(t *testing.T) {
	enterCorpus(t)
	records, projects := 0, 0
	for _, name := range corpusRepos(t) {
		if brokenByHand[name] {
			continue
		}
		repo := bareRepo{t, name + ".git"}
		for file, data := range repo.versionsOf(path.Base(staging.RecordPath("any"))) {
			records++
			roundTripRecord(t, file, data)
		}
		for _, data := range repo.versionsOf(project.File) {
			projects++
			roundTripProject(t, data)
		}
	}
	if records < 80 || projects < 10 {
		t.Errorf("the corpus has %d versions of records and %d of octopod.yaml", records, projects)
	}
}

func roundTripRecord(t *testing.T, file string, data []byte) {
	t.Helper()
	var doc staging.Document
	if err := strictyaml.Decode(file, data, &doc); err != nil {
		t.Error(err)
		return
	}
	written, err := envrepo.Record(doc.Staging())
	if err != nil || written.Path != file || !bytes.Equal(written.Data, data) {
		t.Errorf("%s is written as %s: %v\n%s", file, written.Path, err, lineDiff(string(data), string(written.Data)))
	}
}

// roundTripProject decodes octopod.yaml, encodes it and compares the values. People write
// the file with comments, so its bytes may differ.
func roundTripProject(t *testing.T, data []byte) {
	t.Helper()
	read, err := project.Parse(data)
	if err != nil {
		t.Error(err)
		return
	}
	written, err := strictyaml.Encode(read)
	if err != nil {
		t.Error(err)
		return
	}
	again, err := project.Parse(written)
	before, _ := json.Marshal(read)
	after, _ := json.Marshal(again)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("octopod.yaml is written as\n%s%v", written, err)
	}
}
