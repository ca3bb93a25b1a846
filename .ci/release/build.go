package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// build replaces the content of out with the release.
func (r *release) build(ctx context.Context) error {
	work, err := os.MkdirTemp("", "octopod-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	log.Printf("octopod %s: completions and manual pages", r.version)
	texts, err := r.texts(ctx, work)
	if err != nil {
		return err
	}
	for _, t := range r.targets {
		began := time.Now()
		if err := r.pack(ctx, work, t, texts); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		log.Printf("octopod %s: %s in %s", r.version, t, time.Since(began).Round(time.Second))
	}
	if err := r.manifests(); err != nil {
		return err
	}
	return r.checksums()
}

// pack writes all files of one target to out.
func (r *release) pack(ctx context.Context, work string, t target, texts []file) error {
	binary, err := r.compile(ctx, work, t)
	if err != nil {
		return err
	}
	if err := r.billOfMaterials(binary, t); err != nil {
		return err
	}
	program := file{name: filepath.Base(binary), source: binary, mode: 0o755}
	if err := r.archive(t, append([]file{program}, texts...)); err != nil {
		return err
	}
	if t.os != "linux" {
		return nil
	}
	return r.debianPackage(t, program, texts)
}

// compile returns the path of a static program.
func (r *release) compile(ctx context.Context, work string, t target) (string, error) {
	name := "octopod"
	if t.os == "windows" {
		name += ".exe"
	}
	path := filepath.Join(work, t.os+"-"+t.arch, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+r.version, "-o", path, "./cmd/octopod")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch)
	_, err := r.run(cmd)
	return path, err
}

// texts returns the files that every archive has beside the program.
func (r *release) texts(ctx context.Context, work string) ([]file, error) {
	program, err := r.compile(ctx, work, target{runtime.GOOS, runtime.GOARCH})
	if err != nil {
		return nil, err
	}
	var files []file
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		files = append(files, file{name: name, source: filepath.Join(r.source, name), mode: 0o644})
	}
	for shell, name := range map[string]string{"bash": "octopod.bash", "zsh": "_octopod", "fish": "octopod.fish", "powershell": "octopod.ps1"} {
		script, err := r.run(exec.CommandContext(ctx, program, "completion", shell))
		if err != nil {
			return nil, err
		}
		path := filepath.Join(work, name)
		if err := os.WriteFile(path, script, 0o644); err != nil {
			return nil, err
		}
		files = append(files, file{name: "completions/" + name, source: path, mode: 0o644})
	}
	pages := filepath.Join(work, "man")
	cmd := exec.CommandContext(ctx, program, "man", pages)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.committed.Unix(), 10))
	if _, err := r.run(cmd); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(pages)
	for _, e := range entries {
		files = append(files, file{name: "man/" + e.Name(), source: filepath.Join(pages, e.Name()), mode: 0o644})
	}
	return files, err
}

// commitTime returns the time of the commit of a work tree.
func commitTime(ctx context.Context, source string) (time.Time, error) {
	out, err := exec.CommandContext(ctx, "git", "-C", source, "log", "-1", "--format=%ct").Output()
	if err != nil {
		return time.Time{}, fmt.Errorf("the time of the commit in %s: %w", source, err)
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return time.Unix(seconds, 0).UTC(), err
}

// run runs a command in the work tree and returns its output.
func (r *release) run(cmd *exec.Cmd) ([]byte, error) {
	cmd.Dir = r.source
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, failure.String())
	}
	return out, nil
}
