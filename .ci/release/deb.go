package main

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
)

// debianPackage writes the Debian package of a target. The programs of Linux and Debian
// name the architectures of Octopod's targets alike.
func (r *release) debianPackage(t target, program file, texts []file) (err error) {
	contents := files.Contents{r.installed(program, "/usr/bin/octopod")}
	for _, f := range texts {
		if place := debianPath(f.name); place != "" {
			contents = append(contents, r.installed(f, place))
		}
	}
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "octopod", Arch: t.arch, Platform: t.os, Version: r.version, MTime: r.committed,
		Section: "devel", Priority: "optional", Homepage: "https://" + r.repository, License: "Apache-2.0",
		Maintainer: "The Octopod authors <octopod@" + host(r.repository) + ">", Description: "Staging environments on Kubernetes, one for every branch",
		Overridables: nfpm.Overridables{Contents: contents, Recommends: []string{"git"}},
	})
	if err := nfpm.PrepareForPackager(info, deb.Default.ConventionalExtension()[1:]); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(r.out, r.baseName(t)+".deb"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return deb.Default.Package(info, out)
}

func (r *release) installed(f file, place string) *files.Content {
	return &files.Content{Source: f.source, Destination: place, FileInfo: &files.ContentFileInfo{Mode: f.mode, MTime: r.committed}}
}

// debianPath returns where Debian looks for a file of the archive; empty if it has no place.
func debianPath(name string) string {
	switch base := path.Base(name); {
	case strings.HasSuffix(name, ".bash"):
		return "/usr/share/bash-completion/completions/octopod"
	case base == "_octopod":
		return "/usr/share/zsh/vendor-completions/_octopod"
	case strings.HasSuffix(name, ".fish"):
		return "/usr/share/fish/vendor_completions.d/octopod.fish"
	case strings.HasPrefix(name, "man/"):
		return "/usr/share/man/man1/" + base
	case base == "LICENSE":
		return "/usr/share/doc/octopod/copyright"
	}
	return ""
}

func host(repository string) string {
	name, _, _ := strings.Cut(repository, "/")
	return name
}
