package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"octopod/examples/cluster/image"
	"octopod/examples/shop"
)

// domain returns the base domain of the stagings. Browsers take every name below
// localhost for this machine.
func (d *demo) domain() string {
	if d.Node == nil {
		return "staging.example.com"
	}
	return "staging.localhost"
}

// builds returns the options of deploy that name the images of a build.
func (d *demo) builds(tag string) (options []string) {
	if d.Node == nil {
		return []string{"--service", "backend", "--image", shop.Image("backend", tag)}
	}
	for _, service := range []string{"backend", "frontend"} {
		options = append(options, "--image", service+"="+shop.Image(service, tag))
	}
	return options
}

// useNode changes the sample, so that its pods run on the real node, and makes
// the image of its database.
func (d *demo) useNode(ctx context.Context) error {
	if d.Node == nil {
		return nil
	}
	title("Let the sample run on the real node, with a database made from Debian's PostgreSQL")
	postgres, err := image.PostgreSQL(ctx)
	if err != nil {
		return err
	}
	if err := d.Import(ctx, map[string]v1.Image{shop.PostgresImage: postgres}); err != nil {
		return err
	}
	clone := filepath.Join(filepath.Dir(d.envs), "clone")
	if err := git(ctx, d.Dir, "clone", "-q", d.envs, clone); err != nil {
		return err
	}
	if err := shop.RealNode(clone); err != nil {
		return err
	}
	for _, step := range [][]string{
		{"add", "--all"},
		{"-c", "user.name=demo", "-c", "user.email=demo@example.com", "commit", "-q", "-m", "The pods run on the real node"},
		{"push", "-q"},
	} {
		if err := git(ctx, clone, step...); err != nil {
			return err
		}
	}
	return d.run(ctx, 0, "lint", "--fix") // it commits too
}

func git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
	return cmd.Run()
}

// build builds the programs of a branch into images.
func (d *demo) build(ctx context.Context, branch, tag string) error {
	if d.Node == nil {
		return nil
	}
	images, err := shop.Images(ctx, "feature/"+branch, tag)
	if err != nil {
		return err
	}
	return d.Import(ctx, images)
}

// buildBroken builds a backend that ends at once.
func (d *demo) buildBroken(ctx context.Context, branch, tag string) error {
	if d.Node == nil {
		return nil
	}
	images, err := shop.Images(ctx, "feature/"+branch, tag)
	if err != nil {
		return err
	}
	name := shop.Image("backend", tag)
	if images[name], err = shop.With(images[name], []string{"no-such-command"}); err != nil {
		return err
	}
	return d.Import(ctx, images)
}

// visit opens the page of each staging that runs, and names its address.
func (d *demo) visit(ctx context.Context) error {
	if d.Node == nil {
		return nil
	}
	title("Open them in a browser on this machine")
	for _, name := range []string{"login", "cart-total"} {
		address := d.Ingress(name + "." + d.domain())
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		answer, err := d.Browser().Do(request)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close() // it is read
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK || !bytes.Contains(text, []byte("feature/"+name)) {
			return fmt.Errorf("%s answers %s: %s", name, answer.Status, text)
		}
		say(fmt.Sprintf("  %s  shows feature/%s, with a cart of its own", address, name))
	}
	return nil
}
