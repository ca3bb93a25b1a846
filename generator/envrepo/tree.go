package envrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"

	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Tree is the env repo at one revision. It is immutable, and an fs.FS of all its
// files.
type Tree struct {
	*gitstore.Snapshot
	files *fileCache
}

// Revision returns the commit in 40 hex digits, "" for a repository without commits.
func (t *Tree) Revision() string {
	if t.Snapshot.Revision().IsZero() {
		return ""
	}
	return t.Snapshot.Revision().String()
}

// TreeHash returns the git hash of a path, "" when the path does not exist. Paths with
// equal hashes have equal content.
func (t *Tree) TreeHash(name string) (string, error) {
	entry, _, err := t.Entry(name)
	return hashString(entry.Hash, err)
}

// ContentHash returns the hash of a staging's directory without its record. Trees with
// equal hashes render the same objects. It is "" when the staging does not exist.
func (t *Tree) ContentHash(ctx context.Context, name string) (string, error) {
	return hashString(t.HashWithout(ctx, staging.Dir(name), staging.RecordFile))
}

// InputsHash returns the hash of everything outside the directories of stagings:
// octopod.yaml, the templates and their libraries. Trees with equal hashes generate the
// same files from the same record.
func (t *Tree) InputsHash(ctx context.Context) (string, error) {
	return hashString(t.HashWithout(ctx, ".", staging.EnvsDir))
}

func hashString(hash gitstore.Hash, err error) (string, error) {
	if err != nil || hash.IsZero() {
		return "", err
	}
	return hash.String(), nil
}

// Project reads octopod.yaml. Readers share the result: do not modify it.
func (t *Tree) Project() (*project.Project, error) {
	entry, _, err := t.Entry(project.File)
	if err != nil {
		return nil, err
	}
	if p, known := t.files.project(entry.Hash); known {
		return p, nil
	}
	data, err := t.ReadFile(project.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, staging.Errorf(staging.CodeNotFound, "the env repo %s has no %s", t.Origin(), project.File).
			WithTechnicalHint("`octopod init` writes one")
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", project.File, err)
	}
	p, err := project.Parse(data)
	if err == nil {
		t.files.putProject(entry.Hash, p)
	}
	return p, err
}

// Names lists the stagings in alphabetical order, those with invalid records included.
func (t *Tree) Names() ([]string, error) {
	entries, err := t.ReadDir(staging.EnvsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing %s: %w", staging.EnvsDir, err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Has reports whether a staging's directory exists. A name such as "../prod" does not
// lead out of the directory of stagings.
func (t *Tree) Has(name string) (bool, error) {
	if !fs.ValidPath(name) || name == "." || strings.Contains(name, "/") {
		return false, nil
	}
	_, exists, err := t.Entry(staging.Dir(name))
	return exists, err
}

// Staging reads one record. Its error is not_found, or invalid with the lines of the
// faults.
func (t *Tree) Staging(name string) (staging.Staging, error) {
	if !staging.IsLabel(name) {
		return staging.Staging{}, project.NotFound(name)
	}
	switch exists, err := t.Has(name); {
	case err != nil:
		return staging.Staging{}, err
	case !exists:
		return staging.Staging{}, project.NotFound(name)
	}
	return t.record(name)
}

// record reads the record of a staging whose directory exists.
func (t *Tree) record(name string) (staging.Staging, error) {
	file := staging.RecordPath(name)
	entry, exists, err := t.Entry(file)
	if err != nil {
		return staging.Staging{}, err
	}
	if !exists {
		return staging.Staging{}, invalidRecord(name, staging.Problem{File: file, Message: "is missing"})
	}
	if entry.IsDir() {
		return staging.Staging{}, invalidRecord(name, staging.Problem{File: file, Message: "is a directory"})
	}
	if s, known := t.files.record(name, entry.Hash); known {
		return s, nil
	}
	data, err := t.ReadFile(file)
	if err != nil {
		return staging.Staging{}, fmt.Errorf("reading %s: %w", file, err)
	}
	s, err := decode(name, data)
	if err == nil {
		t.files.putRecord(name, entry.Hash, s)
	}
	return s, err
}

// PrefetchRecords fetches the records of many stagings in one request, and decodes them on
// all cores. Reading them afterwards needs no request.
func (t *Tree) PrefetchRecords(ctx context.Context, names []string) error {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = staging.RecordPath(name)
	}
	if err := t.Prefetch(ctx, paths...); err != nil {
		return err
	}
	var work sync.WaitGroup
	defer work.Wait()
	share := 1 + len(names)/runtime.GOMAXPROCS(0)
	for some := range slices.Chunk(names, share) {
		work.Go(func() {
			for _, name := range some {
				t.decodeAhead(name)
			}
		})
	}
	return nil
}

// decodeAhead decodes a record that is not in the cache. A later read reports its faults.
func (t *Tree) decodeAhead(name string) {
	entry, exists, err := t.Entry(staging.RecordPath(name))
	if err == nil && exists && !t.files.hasRecord(name, entry.Hash) {
		_, _ = t.record(name)
	}
}

// decode decodes envs/<name>/staging.yaml.
func decode(name string, data []byte) (staging.Staging, error) {
	file := staging.RecordPath(name)
	var doc staging.Document
	if err := strictyaml.Decode(file, data, &doc); err != nil {
		return staging.Staging{}, err
	}
	var problems []staging.Problem
	wrong := func(field, format string, args ...any) {
		problems = append(problems, staging.Problem{
			File: file, Line: strictyaml.Lines(data).Line(field), Field: field, Message: fmt.Sprintf(format, args...),
		})
	}
	if doc.APIVersion != staging.APIVersion {
		wrong("apiVersion", "is %q: this Octopod reads %s", doc.APIVersion, staging.APIVersion)
	}
	if doc.Kind != staging.Kind {
		wrong("kind", "is %q: write %s", doc.Kind, staging.Kind)
	}
	if doc.Metadata.Name != name {
		wrong("metadata.name", "is %q, but the directory is %s", doc.Metadata.Name, staging.Dir(name))
	}
	if len(problems) > 0 {
		return staging.Staging{}, invalidRecord(name, problems...)
	}
	return doc.Staging(), nil
}

// WithLocations returns the problems with file and line added to those of the record.
// Problems of rendered objects stay as they are.
func (t *Tree) WithLocations(name string, problems []staging.Problem) []staging.Problem {
	file := staging.RecordPath(name)
	data, _ := t.ReadFile(file) // without it, the line stays unknown
	lines := strictyaml.Lines(data)
	placed := slices.Clone(problems)
	for i, p := range placed {
		if p.File == "" && p.Rule == "" {
			placed[i].File, placed[i].Line = file, lines.Line(p.Field)
		}
	}
	return placed
}

func invalidRecord(name string, problems ...staging.Problem) error {
	return &staging.Error{
		Code: staging.CodeInvalid, Message: fmt.Sprintf("the record of staging %s cannot be read", name), Problems: problems,
		Technical: true, Hint: fmt.Sprintf("fix %s in the env repo, or restore it with `octopod rollback %s`", staging.RecordPath(name), name),
	}
}

// Record encodes a staging as the file that Staging reads.
func Record(s staging.Staging) (staging.File, error) {
	data, err := strictyaml.Encode(s.Document())
	if err != nil {
		return staging.File{}, fmt.Errorf("writing the record of %s: %w", s.Name, err)
	}
	return staging.File{Path: staging.RecordPath(s.Name), Data: append([]byte(schemaLine), data...)}, nil
}

// schemaLine enables validation and completion in editors with a YAML language server.
const schemaLine = "# yaml-language-server: $schema=../../.octopod/staging.schema.json\n"
