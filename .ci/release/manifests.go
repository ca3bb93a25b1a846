package main

import (
	"embed"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

// download is what the manifests of package installers say of one archive.
type download struct{ OS, Arch, URL, Sum string }

// manifests writes the Homebrew formula and the krew manifest. Each names the archives
// that it can install, with their sums.
func (r *release) manifests() error {
	var downloads []download
	for _, t := range r.targets {
		sum, err := r.sum(r.archiveName(t))
		if err != nil {
			return err
		}
		url := "https://" + r.repository + "/releases/download/" + r.version + "/" + r.archiveName(t)
		downloads = append(downloads, download{OS: t.os, Arch: t.arch, URL: url, Sum: sum})
	}
	brew := slices.DeleteFunc(slices.Clone(downloads), func(d download) bool { return d.OS == "windows" })
	return errors.Join(r.manifest("octopod.rb", brew), r.manifest("krew.yaml", downloads))
}

func (r *release) manifest(name string, downloads []download) (err error) {
	text, err := template.ParseFS(templates, "templates/"+name)
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return text.Execute(out, map[string]any{
		"Version": r.version, "Number": strings.TrimPrefix(r.version, "v"), "Homepage": "https://" + r.repository, "Downloads": downloads,
	})
}
