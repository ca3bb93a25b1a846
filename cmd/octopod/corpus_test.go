package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The corpus proves that a change of the code changes no answer. It holds env
// repos that an earlier program made, and what that program answered about them:
// what it printed, its exit code, the commits that it made.
//
//	testdata/corpus/NAME/story.txtar          how the env repo NAME was made
//	testdata/corpus/NAME/repo.fast-export.gz  the env repo
//	testdata/corpus/NAME/*.txtar              questions to the command line, each with its answer
//	testdata/corpus/server/*.txtar            questions to a server of these env repos
//	testdata/corpus/server/argocd.yaml        what Argo CD says; files argocd.txtar ask beside it
//	testdata/corpus/repositories.txt          the application's repositories
//
// The tests ask the code of this tree the same questions. Every byte must be the
// same, except for sentences: see prose in corpus_compare_test.go.
//
// To add a question, write its line, -- octopod VERB … --, into a file of
// questions. To record every answer, and the env repos, again:
//
//	go test ./cmd/octopod -run TestCorpus -record REVISION
//
// builds the program of that revision and asks it. REVISION may also be a
// program that was built like that. Record from a revision before the change
// that is to be proven; what differs after it is a change that users see.
var record = flag.String("record", "", "record the corpus again from the program of this `revision`")

// corpusNow is when the questions are asked: a Wednesday, by daylight. It lies
// in the future because a server computes from its clock until when it may write.
var corpusNow = time.Date(2035, 6, 13, 10, 0, 0, 0, time.UTC)

// corpusSubject is the program that the corpus asks.
func corpusSubject(t *testing.T) corpusProgram {
	t.Helper()
	if *record == "" {
		return thisTree{}
	}
	if _, err := os.Stat(*record); err == nil {
		return recorded{*record}
	}
	return buildRecorded(t, *record)
}

// With -record the env repos are made first, as their stories tell.
func TestCorpusEnvRepos(t *testing.T) {
	if *record == "" {
		t.Skip("only with -record")
	}
	p := corpusSubject(t)
	for _, name := range corpusRepos(t) {
		t.Run(name, func(t *testing.T) { recordRepo(t, name, p) })
	}
}

// Every verb answers as before, and commits the same.
func TestCorpusAnswers(t *testing.T) {
	p := corpusSubject(t)
	enterCorpus(t)
	argoCD := serveArgoCD(t)
	for _, name := range corpusRepos(t) {
		files, err := filepath.Glob(filepath.Join(corpusDir, name, "*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			about := strings.TrimSuffix(filepath.Base(file), ".txtar")
			if about == "story" {
				continue
			}
			t.Run(name+"/"+about, func(t *testing.T) {
				var env map[string]string
				if about == "argocd" {
					env = argoCD
				}
				readAnswers(t, file).check(t, newAsker(p, bareRepo{t, name + ".git"}, env).ask)
			})
		}
	}
}
