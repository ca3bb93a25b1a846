package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The corpus proves that a change of the code changes no answer. It contains env repos
// from an earlier version of the program, and the answers of that version: its output,
// exit codes and commits.
//
//	testdata/corpus/NAME/story.txtar          the steps that created the env repo NAME
//	testdata/corpus/NAME/repo.fast-export.gz  the env repo
//	testdata/corpus/NAME/*.txtar              commands, each with its answer
//	testdata/corpus/server/*.txtar            requests to a server of these env repos
//	testdata/corpus/server/argocd.yaml        the Applications of Argo CD, for files argocd.txtar
//	testdata/corpus/repositories.txt          the application's repositories
//
// The tests run the same questions with the code of this tree. Every byte must be equal,
// except for sentences: see prose in corpus_compare_test.go.
//
// To add a question, add its line, -- octopod VERB … --, to a file of questions. To record
// all env repos and answers again:
//
//	go test ./cmd/octopod -run TestCorpus -record REVISION
//
// builds the program of that revision and runs it. REVISION may also be the path of a
// program that was built this way. Record from a revision before the change under test: any difference after it is
// a change that users see.
var record = flag.String("record", "", "record the corpus again from the program of this `revision`")

// corpusNow is the clock of all questions: a Wednesday during the day. It is in the future,
// because a server computes its write deadlines from this clock.
var corpusNow = time.Date(2035, 6, 13, 10, 0, 0, 0, time.UTC)

// corpusSubject returns the program under test.
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

// With -record, this test first creates the env repos from their stories.
func TestCorpusEnvRepos(t *testing.T) {
	if *record == "" {
		t.Skip("only with -record")
	}
	p := corpusSubject(t)
	for _, name := range corpusRepos(t) {
		t.Run(name, func(t *testing.T) { recordRepo(t, name, p) })
	}
}

// Every verb answers as recorded, and makes the same commits.
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
