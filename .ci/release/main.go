// Command release builds what a release of Octopod consists of: archives with program,
// completions and manual pages, Debian packages, a bill of materials per program, a
// Homebrew formula, a krew manifest, and signed checksums of all of them.
//
// It builds the same bytes from the same commit: times are those of the commit. It
// publishes nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// A release is one version of Octopod, built from a work tree.
type release struct {
	source     string // work tree
	out        string // directory of the results, absolute
	version    string // for example v1.2.0
	repository string // address of the published repository, without https://
	committed  time.Time
	targets    []target
	signingKey string // file of a minisign key without a password; empty: unsigned
}

// A target is an operating system and an architecture, in Go's words.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

// allTargets are the targets of a published release.
const allTargets = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := parse(ctx, os.Args[1:])
	if err == nil {
		err = r.build(ctx)
	}
	if err != nil {
		log.Fatal("release: ", err)
	}
}

func parse(ctx context.Context, args []string) (*release, error) {
	flags := flag.NewFlagSet("release", flag.ExitOnError)
	r := &release{}
	flags.StringVar(&r.source, "source", ".", "work tree of Octopod")
	flags.StringVar(&r.out, "out", "dist", "directory of the results; its content is replaced")
	flags.StringVar(&r.version, "version", "", "version, for example v1.2.0")
	flags.StringVar(&r.repository, "repository", "", "address of the repository, for example github.com/acme/octopod")
	flags.StringVar(&r.signingKey, "signing-key", "", "minisign key without a password; empty: the checksums are not signed")
	targets := flags.String("targets", allTargets, "operating systems and architectures")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	var err error
	if r.targets, err = parseTargets(*targets); err != nil {
		return nil, err
	}
	if r.version == "" || r.repository == "" {
		return nil, fmt.Errorf("-version and -repository are required")
	}
	if r.out, err = filepath.Abs(r.out); err != nil {
		return nil, err
	}
	r.committed, err = commitTime(ctx, r.source)
	return r, err
}

func parseTargets(list string) ([]target, error) {
	var targets []target
	for name := range strings.SplitSeq(list, ",") {
		system, arch, ok := strings.Cut(name, "/")
		if !ok || system == "" || arch == "" {
			return nil, fmt.Errorf("-targets: %q is not of the form linux/amd64", name)
		}
		targets = append(targets, target{system, arch})
	}
	return targets, nil
}
