// Package shop is the sample project as programs that run: backend keeps carts in
// PostgreSQL and takes payments, frontend shows them as plain HTML, and project is
// what the sample of `octopod init` needs to run them on the real node of
// examples/cluster.
package shop

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"octopod/examples/cluster/image"
	"octopod/generator/project"
)

//go:embed project
var projectFiles embed.FS

// PostgresImage is the image of the database, made from Debian's package.
const PostgresImage = "octopod.dev/postgres:debian"

// Image returns the name of the image of a service, as the sample takes it.
func Image(service, tag string) string { return "registry.example.com/shop/" + service + ":" + tag }

// Images builds backend and frontend of a branch. The tag names the build.
func Images(ctx context.Context, branch, tag string) (map[string]v1.Image, error) {
	images := map[string]v1.Image{}
	for _, service := range []string{"backend", "frontend"} {
		built, err := image.Program(ctx, "octopod/examples/shop/"+service, map[string]string{"main.branch": branch, "main.commit": tag})
		if err != nil {
			return nil, err
		}
		images[Image(service, tag)] = built
	}
	return images, nil
}

// With returns the same program, started with other arguments and variables: a
// build with a fault.
func With(program v1.Image, args []string, env ...string) (v1.Image, error) {
	file, err := program.ConfigFile()
	if err != nil {
		return nil, err
	}
	config := *file.Config.DeepCopy()
	config.Cmd, config.Env = args, append(config.Env, env...)
	return mutate.Config(program, config)
}

// component is the place of the folder project in an env repo.
const component = "templates/components/real-node"

// RealNode changes the sample in a clone of an env repo, so that its pods run on
// the real node. The caller commits it, runs
// `octopod lint --fix`, and applies the ApplicationSet to Argo CD.
func RealNode(clone string) error {
	if err := copyProject(filepath.Join(clone, component)); err != nil {
		return err
	}
	file := filepath.Join(clone, project.File)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := string(data)
	for field, line := range map[string]string{
		"  hosts:\n": "    scheme: http\n", "    components:\n": "      - " + component + "\n", "  argocd:\n": "    applyAll: true\n",
	} {
		if strings.Count(text, "\n"+field) != 1 {
			return fmt.Errorf("%s is not the sample: it has not one line %q", file, field)
		}
		text = strings.Replace(text, "\n"+field, "\n"+field+line, 1)
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

func copyProject(folder string) error {
	files, err := fs.Sub(projectFiles, "project")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.CopyFS(folder, files)
}
