package envrepo

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"octopod/generator/staging"
)

// ForeignManifests reads the YAML files outside the directories of stagings that name an
// API of Argo CD.
func (t *Tree) ForeignManifests() ([]staging.File, error) {
	names, err := filesUnder(t, ".")
	if err != nil {
		return nil, err
	}
	var files []staging.File
	for _, name := range names {
		if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" || t.inStaging(name) {
			continue
		}
		data, err := t.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if bytes.Contains(data, []byte("argoproj.io/")) {
			files = append(files, staging.File{Path: name, Data: data})
		}
	}
	return files, nil
}

// inStaging reports whether a file is in a directory with a record.
func (t *Tree) inStaging(file string) bool {
	below, inside := strings.CutPrefix(file, staging.EnvsDir+"/")
	if !inside {
		return false
	}
	name, _, _ := strings.Cut(below, "/")
	_, recorded, err := t.Entry(staging.RecordPath(name))
	return err == nil && recorded
}
