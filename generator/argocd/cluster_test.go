//go:build cluster

// These tests run against a real Kubernetes API and a real Argo CD:
//
//	go test -tags cluster -timeout 20m ./generator/argocd -run Cluster
//
// They start a cluster of their own, or use that of the folder
// OCTOPOD_CLUSTER, which must allow projects ks, kr, js and jr.
package argocd_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

func TestClusterEveryEngineAndOutput(t *testing.T) {
	for name, of := range map[string]struct {
		engine project.Engine
		output project.Output
	}{
		"ks": {project.EngineKustomize, project.OutputSource}, "kr": {project.EngineKustomize, project.OutputRendered},
		"js": {project.EngineJsonnet, project.OutputSource}, "jr": {project.EngineJsonnet, project.OutputRendered},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, name, of.engine, of.output)
			s.deploy("login", "v1")
			s.look("login")
			s.reaches("login", staging.PhaseRunning, image("v1"), staging.PhaseFailed, staging.PhaseDegraded)
			s.deploy("login", "v2")
			s.look("login")
			s.reaches("login", staging.PhaseRunning, image("v2"), staging.PhaseFailed, staging.PhaseDegraded)
			s.do("archive", "login")
			s.look("login")
			s.reaches("login", staging.PhaseArchived, "", staging.PhaseFailed, staging.PhaseRunning)
			s.do("restore", "login")
			s.look("login")
			s.reaches("login", staging.PhaseRunning, image("v2"), staging.PhaseFailed)
			s.commit("envs/login", nil)
			s.look("login")
			s.reaches("login", "", "", staging.PhaseRunning)
		})
	}
}

func TestClusterNeverRunningOfAnOlderCommit(t *testing.T) {
	s := newShop(t, "ks", project.EngineKustomize, project.OutputSource)
	s.deploy("login", "v1")
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v1"))
	s.part(t, "stop", "start", "argocd-application-controller")
	s.deploy("login", "v2")
	go func() { _, _ = s.client.Refresh(s.ctx, "ks-login", false) }()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if phase, reason, _ := s.phase("login", staging.Active, image("v2")); phase != staging.PhaseUpdating {
			t.Fatalf("%s: %s", phase, reason)
		}
	}
	if err := s.run("start", "argocd-application-controller"); err != nil {
		t.Fatal(err)
	}
	s.reaches("login", staging.PhaseRunning, image("v2"), staging.PhaseFailed)
}

func TestClusterFailuresAreSaidInSeconds(t *testing.T) {
	s := newShop(t, "ks", project.EngineKustomize, project.OutputSource)
	for _, tt := range []struct{ tag, says string }{{"crash-1", "backend keeps crashing"}, {"missing-1", "of backend does not exist"}} {
		s.deploy("login", tt.tag)
		s.look("login")
		if reason := s.reaches("login", staging.PhaseFailed, image(tt.tag), staging.PhaseRunning); !strings.Contains(reason, tt.says) {
			t.Errorf("reason: %s", reason)
		}
	}
	s.deploy("login", "v3")
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v3"))
	intruder := "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: intruder, namespace: default}\n"
	s.commit("envs/login/staging-objects.yaml", append(s.file("envs/login/staging-objects.yaml"), intruder...))
	s.commit("envs/login/kustomization.yaml", []byte(strings.Replace(string(s.file("envs/login/kustomization.yaml")), "\nnamespace: ", "\nnameSuffix: \"\" # ", 1)))
	s.look("login")
	if reason := s.reaches("login", staging.PhaseFailed, image("v3"), staging.PhaseRunning); !strings.Contains(reason, "namespace default is not permitted") {
		t.Errorf("reason: %s", reason)
	}
	s.do("regenerate", "login")
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v3"))
	s.commit("envs/login/kustomization.yaml", []byte("resources: [nowhere.yaml]\n"))
	s.look("login")
	if reason := s.reaches("login", staging.PhaseFailed, image("v3"), staging.PhaseRunning); !strings.Contains(reason, "nowhere.yaml") {
		t.Errorf("reason: %s", reason)
	}
	s.do("regenerate", "login")
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v3"), staging.PhaseFailed)
}

func TestClusterABrokenStagingDisturbsNobody(t *testing.T) {
	s := newShop(t, "ks", project.EngineKustomize, project.OutputSource)
	s.deploy("good", "v1")
	s.deploy("bad", "v1")
	s.look("good")
	s.reaches("good", staging.PhaseRunning, image("v1"))
	s.reaches("bad", staging.PhaseRunning, image("v1"))
	s.commit("envs/bad/staging.yaml", []byte("spec: [\n"))
	s.commit("envs/bad/kustomization.yaml", []byte("spec: [\n"))
	s.deploy("new", "v1")
	s.look("new")
	s.reaches("new", staging.PhaseRunning, image("v1"))
	s.deploy("good", "v2")
	s.look("good")
	s.reaches("good", staging.PhaseRunning, image("v2"))
}

func TestClusterWatchSurvives(t *testing.T) {
	s := newShop(t, "ks", project.EngineKustomize, project.OutputSource)
	s.deploy("login", "v1")
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v1"))

	s.part(t, "freeze", "thaw", "argocd-server")
	s.deploy("login", "v2")
	if err := s.run("thaw", "argocd-server"); err != nil {
		t.Fatal(err)
	}
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v2"))

	s.part(t, "stop", "start", "argocd-server")
	s.reaches("login", staging.PhaseUnknown, image("v2"))
	s.deploy("login", "v3")
	if err := s.run("start", "argocd-server"); err != nil {
		t.Fatal(err)
	}
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v3"))

	s.part(t, "stop", "start", "argocd-repo-server")
	s.deploy("login", "v4")
	s.look("login")
	s.reaches("login", staging.PhaseUnknown, image("v4"), staging.PhaseRunning, staging.PhaseFailed)
	if err := s.run("start", "argocd-repo-server"); err != nil {
		t.Fatal(err)
	}
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v4"), staging.PhaseFailed)
}

// The account has exactly the policy that this package documents.
func TestClusterLeastPolicy(t *testing.T) {
	s := newShop(t, "ks", project.EngineKustomize, project.OutputSource)
	ctx := context.Background()
	if missing, err := s.client.Missing(ctx); err != nil || len(missing) > 0 {
		t.Errorf("missing: %v, %v", missing, err)
	}
	s.deploy("login", "v1")
	s.look("login")
	s.reaches("login", staging.PhaseRunning, image("v1"))
	if err := s.client.Terminate(ctx, "ks-login"); staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("terminate: %v", err)
	}
	other, err := argocd.Connect(argocd.Options{Server: s.ArgoCD, Token: s.Token, PlainText: true, Project: "default"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Applications(ctx); staging.CodeOf(err) != staging.CodeForbidden || !strings.Contains(staging.HintOf(err), "default/*") {
		t.Errorf("another project: %v", err)
	}
	if _, err := s.connect("nonsense").Applications(ctx); staging.CodeOf(err) != staging.CodeUnauthorized {
		t.Errorf("a wrong token: %v", err)
	}
	var made struct{ Token string }
	if err := s.admin(http.MethodPost, "/api/v1/account/octopod/token", map[string]any{"expiresIn": 1}, &made); err != nil {
		t.Fatal(err)
	}
	brief := s.connect(made.Token)
	s.until(10*time.Second, "the token has expired", func() bool {
		_, err := brief.Applications(ctx)
		return staging.CodeOf(err) == staging.CodeUnauthorized
	})
	web, err := argocd.Connect(argocd.Options{Server: s.ArgoCD, Token: s.Token, PlainText: true, GRPCWeb: true, Project: "ks"})
	if err != nil {
		t.Fatal(err)
	}
	defer web.Close()
	if apps, err := web.Applications(ctx); err != nil || len(apps) != 1 {
		t.Errorf("over gRPC-web: %v, %v", apps, err)
	}
	seen := make(chan argocd.Event, 100)
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- web.Watch(watching, func(e argocd.Event) { seen <- e }) }()
	for (<-seen).Application.Name != "ks-login" {
	}
	if _, err := s.client.Refresh(ctx, "ks-login", true); err != nil {
		t.Error(err)
	}
	if e := <-seen; e.Kind != argocd.Changed {
		t.Errorf("over gRPC-web: %v", e)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Twenty deploys: from the push to Running, without polling.
func TestClusterSpeed(t *testing.T) {
	s := newShop(t, "ks", project.EngineKustomize, project.OutputSource)
	measure := func(what string, name func(i int) string) {
		var took []time.Duration
		for i := range 20 {
			tag := fmt.Sprintf("%s-%d", strings.Fields(what)[0], i)
			s.deploy(name(i), tag)
			began := time.Now()
			s.look(name(i))
			s.until(time.Minute, "it runs", func() bool {
				phase, _, _ := s.phase(name(i), staging.Active, image(tag))
				return phase == staging.PhaseRunning
			})
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("%s: push to Running, 20 deploys: median %.2f s, fastest %.2f s, slowest %.2f s", what, took[10].Seconds(), took[0].Seconds(), took[19].Seconds())
	}
	measure("new staging", func(i int) string { return fmt.Sprintf("new-%d", i) })
	measure("update", func(int) string { return "new-0" })
}
