package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rooms are the packages of use cases in import order, with the rooms that each may import.
// A room may also import nouns and driven adapters.
var rooms = []struct {
	room string
	asks []string
}{
	{"rights", nil},
	{"catalog", nil},
	{"billing", []string{"catalog"}},
	{"status", []string{"catalog"}},
	{"change", []string{"catalog", "rights"}},
	{"live", []string{"catalog", "status"}},
	{"lifecycle", []string{"catalog", "status", "change", "rights"}},
	{"receiver", []string{"catalog", "status", "change", "rights"}},
	{"setup", []string{"catalog", "change", "rights"}},
	{"doctor", []string{"catalog", "billing", "status", "receiver", "rights"}},
}

// roomOf returns the room of a package, "" for any other package.
func roomOf(importPath string) string {
	for _, r := range rooms {
		if within(importPath, "generator/"+r.room) {
			return r.room
		}
	}
	return ""
}

// adapterOf returns the driven adapter of a package, "" for any other package.
func adapterOf(importPath string) string {
	for _, adapter := range driven {
		if within(importPath, "generator/"+adapter) {
			return adapter
		}
	}
	return ""
}

// doorsUse are the rooms whose types Access returns.
var doorsUse = []string{"rights", "change", "live", "lifecycle", "receiver", "doctor"}

func TestRoomsImportOnlyRoomsBelow(t *testing.T) {
	for _, p := range listPackages(t) {
		if !ours(p) {
			continue
		}
		for _, imported := range p.Imports {
			if why := forbiddenToRoom(p.ImportPath, imported); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
			}
		}
	}
}

// forbiddenToRoom returns the rule that an import of a room, or of a door, breaks.
func forbiddenToRoom(importer, imported string) string {
	room, asked, adapter := roomOf(importer), roomOf(imported), adapterOf(imported)
	door := slices.ContainsFunc(driving, func(d string) bool { return within(importer, "generator/"+d) })
	switch {
	case door && asked != "" && !slices.Contains(doorsUse, asked):
		return "a door uses only the rooms whose types Access returns"
	case door && adapter != "":
		return "a door uses Access, and no adapter"
	case room == "":
		return ""
	case imported == module+"/generator" || within(imported, "generator/server"):
		return "a room does not know the face above it"
	case slices.ContainsFunc(driving, func(d string) bool { return within(imported, "generator/"+d) }):
		return "a room does not know the doors"
	case room == "rights" && adapter != "":
		return "rights imports nouns only"
	case room == "catalog" && slices.Contains([]string{"argocd", "registry", "check"}, adapter):
		return "catalog reads the env repo only"
	case adapter == "check" && room != "change" && room != "setup":
		return "only change and setup check objects"
	case asked != "" && asked != room && !slices.Contains(allowedRooms(room), asked):
		return "it may import only the rooms " + strings.Join(allowedRooms(room), ", ")
	}
	return ""
}

func allowedRooms(room string) []string {
	i := slices.IndexFunc(rooms, func(r struct {
		room string
		asks []string
	}) bool {
		return r.room == room
	})
	return rooms[i].asks
}

// Only change and setup commit.
func TestOnlyTwoRoomsCommit(t *testing.T) {
	for _, r := range rooms {
		if r.room == "change" || r.room == "setup" {
			continue
		}
		for file, text := range sourcesOf(t, r.room) {
			if bytes.Contains(text, []byte("Repo.Change(")) || bytes.Contains(text, []byte("Repo.ChangeAll(")) {
				t.Errorf("%s commits", file)
			}
		}
	}
}

// unchecked matches what holds stagings without asking for the rights of anybody.
var unchecked = regexp.MustCompile(`\b(generator\.(Stagings|New|Parts)|live\.(Feed|NewFeed|Subscription|Tracker))\b`)

// A door reads stagings through Access, so that no page and no answer shows more than
// its reader may see.
func TestDoorsNameNothingUnchecked(t *testing.T) {
	for _, door := range driving {
		for file, text := range sourcesOf(t, door) {
			if found := unchecked.Find(text); found != nil {
				t.Errorf("%s names %s: it may use Access only", file, found)
			}
		}
	}
}

// Package generator only delegates: a use case belongs in a room.
func TestTheFaceIsSmall(t *testing.T) {
	lines := 0
	for _, text := range sourcesOf(t, ".") {
		lines += bytes.Count(text, []byte("\n"))
	}
	if lines > 900 {
		t.Errorf("package generator has %d lines", lines)
	}
}

// sourcesOf reads the files of one package below generator, without its tests.
func sourcesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../generator", dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no files: %v", dir, err)
	}
	sources := map[string][]byte{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if sources[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return sources
}
