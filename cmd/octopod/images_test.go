package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"octopod/generator/testenv"
)

// serveRegistry is `registry`: it starts an image registry and sets $REGISTRY to its host.
// An image with the tag late exists after the first request for it.
func serveRegistry(t *testing.T, ts *testscript.TestScript) {
	ts.Setenv("REGISTRY", testenv.ServeRegistry(t).Host)
}

// pushImage is `push IMAGE`: it pushes an image with random content.
func pushImage(ts *testscript.TestScript, _ bool, args []string) {
	_, err := testenv.Push(args[0])
	ts.Check(err)
}

// pushChart is `pushchart FILE REFERENCE`: it pushes a packed Helm chart.
func pushChart(ts *testscript.TestScript, _ bool, args []string) {
	packed, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = testenv.PushChart(args[1], packed)
	ts.Check(err)
}

// imagePolicy is `policy TEXT`: it commits spec.images to octopod.yaml. The services take
// images of the registry of this test, and the backend every image.
func imagePolicy(ts *testscript.TestScript, _ bool, args []string) {
	project, err := testenv.TryGit(ts.MkAbs("envs.git"), "show", "main:octopod.yaml")
	ts.Check(err)
	project = strings.ReplaceAll(project, "registry.example.com/", ts.Getenv("REGISTRY")+"/")
	project = strings.Replace(project, "title: Backend\n      repo", "title: Backend\n      images: [\"*\"]\n      repo", 1)
	text := regexp.MustCompile(`(?m)^  images: .*$`).ReplaceAllString(project, "") + "\n  images: {" + args[0] + "}\n"
	ts.Check(os.WriteFile(ts.MkAbs("policy.yaml"), []byte(text), 0o644))
	commit(ts, false, []string{"policy.yaml", "octopod.yaml"})
}
