// Package shop is the sample project as programs that run: backend keeps carts in
// PostgreSQL and takes payments, frontend shows them as plain HTML, and components are
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

//go:embed components
var components embed.FS

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

// The components of the sample, in the order in which they apply.
const (
	ownPostgres    = "components/own-postgres"
	sharedPostgres = "components/shared-postgres"
	realNode       = "components/real-node"
)

// RealNode changes the sample in a clone of an env repo, so that its pods run on
// the real node. The caller commits it, runs
// `octopod lint --fix`, and applies the ApplicationSet to Argo CD.
func RealNode(clone string) error {
	return change(clone, "  argocd:\n", "    applyAll: true\n", ownPostgres, realNode)
}

// OctopodImage is the image of Octopod that the Jobs of SharedServer run.
const OctopodImage = "octopod.dev/octopod:e2e"

//go:embed database.yaml
var databaseOfSharedServer string

// SharedServer changes the sample as RealNode does, with the databases of all stagings on one
// server. The caller applies the AppProject too.
func SharedServer(clone string) error {
	return change(clone, "spec:\n", databaseOfSharedServer, sharedPostgres, realNode)
}

// change adds components to a clone of the sample, and lines below a field of octopod.yaml.
func change(clone, field, lines string, folders ...string) error {
	list := ""
	for _, folder := range folders {
		if err := copyFolder(folder, filepath.Join(clone, "templates", folder)); err != nil {
			return err
		}
		list += "      - templates/" + folder + "\n"
	}
	file := filepath.Join(clone, project.File)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := string(data)
	for field, lines := range map[string]string{"  hosts:\n": "    scheme: http\n", "    components:\n": list, field: lines} {
		if strings.Count(text, "\n"+field) != 1 {
			return fmt.Errorf("%s is not the sample: it has not one line %q", file, field)
		}
		text = strings.Replace(text, "\n"+field, "\n"+field+lines, 1)
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

func copyFolder(from, to string) error {
	files, err := fs.Sub(components, from)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.CopyFS(to, files)
}
