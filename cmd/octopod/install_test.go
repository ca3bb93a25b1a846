package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"octopod/generator/check"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/server"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const installation = "../../examples/install"

// installed renders the manifests of examples/install like a staging.
func installed(t *testing.T) []staging.Object {
	t.Helper()
	files, err := filepath.Glob(installation + "/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var source []staging.File
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, staging.File{Path: "envs/octopod/" + filepath.Base(file), Data: data})
	}
	renderer := render.New(render.Options{})
	t.Cleanup(func() { _ = renderer.Close() })
	p := &project.Project{Spec: project.Spec{Engine: project.EngineKustomize}}
	objects, err := renderer.Render(t.Context(), fstest.MapFS{}, p, "octopod", source)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// The installation passes Octopod's own checks: strict schemas, one namespace, no plain
// Secret, no privileges, the expected image.
func TestTheInstallationPassesTheChecks(t *testing.T) {
	faults := check.Objects(installed(t), check.Subject{
		Namespace: "octopod", Hosts: []string{"octopod.example.com"}, BaseDomain: "example.com",
		Images: map[string]string{"server": "registry.example.com/tools/octopod:v1.0.0"},
	})
	for _, fault := range faults {
		t.Error(fault)
	}
}

// Octopod has no permissions in Kubernetes, and its pods have no token.
func TestTheInstallationHasNoRights(t *testing.T) {
	for _, o := range installed(t) {
		switch o.Kind {
		case "Namespace", "ConfigMap", "Service", "Ingress", "NetworkPolicy", "PodDisruptionBudget":
		case "Deployment":
			var d struct {
				Spec struct {
					Template struct {
						Spec struct {
							AutomountServiceAccountToken  *bool
							ServiceAccountName            string
							TerminationGracePeriodSeconds int
						}
					}
				}
			}
			if err := json.Unmarshal(o.JSON, &d); err != nil {
				t.Fatal(err)
			}
			pod := d.Spec.Template.Spec
			if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken || pod.ServiceAccountName != "" {
				t.Errorf("its pods hold a token for Kubernetes: %s", o.JSON)
			}
			if drain := server.DrainTime.Seconds(); float64(pod.TerminationGracePeriodSeconds) <= drain {
				t.Errorf("its pods have %d s to end, and the server may need %v", pod.TerminationGracePeriodSeconds, drain)
			}
		default:
			t.Errorf("unexpected object %s %s", o.Kind, o.Name)
		}
	}
}

// The server accepts the configuration of the installation.
func TestTheInstallationsConfiguration(t *testing.T) {
	readme, err := os.ReadFile(installation + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(installation + "/server.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const mounted = "/run/secrets/octopod/"
	secrets := t.TempDir() + "/"
	for _, found := range regexp.MustCompile(mounted+`([a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(string(readme), "--from-file="+found[1]) {
			t.Errorf("the README does not say where %s comes from", found[1])
		}
		key := base64.StdEncoding.EncodeToString(make([]byte, 32)) // valid as a session key, the only secret with a format
		if err := os.WriteFile(secrets+found[1], []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "server.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), mounted, secrets)), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := server.ReadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	allRead := errors.New("every secret is read")
	_, err = server.New(t.Context(), server.Options{Config: config, Now: time.Now, Log: slog.New(slog.DiscardHandler), Getenv: os.Getenv,
		Open: func(context.Context, server.ProjectConfig, server.Means) (server.Project, error) {
			return server.Project{}, allRead
		},
	})
	if !errors.Is(err, allRead) {
		t.Error(err)
	}
}

// The command of the image is valid.
func TestTheImageRunsTheServer(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^CMD (\[.*\])$`).FindSubmatch(text)
	var args []string
	if command == nil || json.Unmarshal(command[1], &args) != nil {
		t.Fatal("the Dockerfile has no CMD")
	}
	checkCommand(t, args)
	if !strings.Contains(string(text), ":nonroot\n") {
		t.Error("the image runs as root")
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	// The image's Go does not download another version (GOTOOLCHAIN=local), so it must be the
	// module's version.
	wants := regexp.MustCompile(`(?m)^go (\d+\.\d+)(\.\d+)?$`).FindSubmatch(module)
	builds := regexp.MustCompile(`(?m)^FROM golang:(\d+\.\d+)( AS build)$`).FindSubmatch(text)
	if wants == nil || builds == nil || string(wants[1]) != string(builds[1]) {
		t.Errorf("the image is built by %q, and go.mod wants %q", builds, wants)
	}
	const static = "RUN CGO_ENABLED=0 go build " // the image has no C library, git, ssh or shell
	if !strings.Contains(string(text), static) || !strings.Contains(string(text), "\nFROM gcr.io/distroless/static-") {
		t.Error("the image's program is not static, or its base is another")
	}
}

// The server works on the image's read-only file system, without other programs, through
// the whole life of a staging.
func TestTheServerNeedsNoDisk(t *testing.T) {
	dir := t.TempDir()
	envRepo(t, dir, "shop")
	testenv.Git(t, filepath.Join(dir, "shop.git"), "config", "http.receivepack", "true")
	git := testenv.ServeHTTP(t, dir)
	const nowhere = "/dev/null/nowhere"
	env := []string{"HOME=" + nowhere, "TMPDIR=" + nowhere, "XDG_CACHE_HOME=" + nowhere, "PATH=" + nowhere}
	s := startServer(t, dir, env, "--env-repo", git.URL+"/shop.git", "--allow-plain-http")
	for _, args := range [][]string{
		{"deploy", "--branch", "feature/login", "--service", "backend", "--image", "registry.example.com/shop/backend:1"},
		{"set", "login", "LOG_LEVEL=debug"}, {"regenerate", "--all"}, {"rollback", "login"}, {"lint"}, {"render", "login"}, {"history", "login"},
	} {
		program(t, dir, []string{"OCTOPOD_SERVER=" + s.url}, args...)
	}
	s.end(t)
}
