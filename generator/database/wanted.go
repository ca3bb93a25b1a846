package database

import (
	"strconv"
	"strings"
	"time"
)

// Wanted is what the record of a staging wants of its database.
type Wanted struct {
	Name       string // of the database, and of the role that the staging signs in with
	Staging    string // PROJECT/NAME, the owner in the mark
	Generation int    // counts resets
	At         string // the time of the reset in the record, as any text; "" if unknown
	From       Source
	Template   string // the database of the seed; "" for a seed that has its name
	Snapshots  []Snapshot
	KeepOld    time.Duration // how long the data before a reset stay
}

// Source is what data start from: a seed, or a snapshot of the staging.
type Source struct {
	Kind SourceKind
	Name string
}

// SourceKind is the kind of a Source.
type SourceKind string

// The kinds of sources.
const (
	FromSeed     SourceKind = "seed"
	FromSnapshot SourceKind = "snapshot"
)

// Snapshot is a named copy of the data of one generation.
type Snapshot struct {
	Label      string
	Generation int
	At         string // when somebody asked for it, as any text; "" if unknown
}

// ParseSource parses `seed/NAME` or `snapshot/LABEL`.
func ParseSource(text string) (Source, error) {
	kind, name, _ := strings.Cut(text, "/")
	s := Source{SourceKind(kind), name}
	switch {
	case s.Kind == FromSeed && name != "":
		return s, nil
	case s.Kind == FromSnapshot && CheckLabel(name) == nil:
		return s, nil
	}
	return s, Faultf(Usage, "%q is no source of data: write seed/NAME or snapshot/LABEL", text)
}

func (s Source) String() string { return string(s.Kind) + "/" + s.Name }

// ParseSnapshot parses `LABEL=GENERATION` or `LABEL=GENERATION@TIME`.
func ParseSnapshot(text string) (Snapshot, error) {
	label, of, found := strings.Cut(text, "=")
	number, at, _ := strings.Cut(of, "@")
	generation, err := strconv.Atoi(number)
	if !found || err != nil || generation < 1 || CheckLabel(label) != nil {
		return Snapshot{}, Faultf(Usage, "%q is no snapshot: write LABEL=GENERATION or LABEL=GENERATION@TIME", text)
	}
	return Snapshot{label, generation, at}, nil
}

func (s Snapshot) String() string {
	text := s.Label + "=" + strconv.Itoa(s.Generation)
	if s.At != "" {
		text += "@" + s.At
	}
	return text
}

// Check returns a fault of code usage if a driver cannot converge to w.
func (w Wanted) Check() error {
	if err := CheckName(w.Name); err != nil {
		return err
	}
	if project, name, found := strings.Cut(w.Staging, "/"); !found || project == "" || name == "" {
		return Faultf(Usage, "%q is not a staging: write PROJECT/NAME", w.Staging)
	}
	if w.Generation < 1 {
		return Faultf(Usage, "generation %d is not a positive number", w.Generation)
	}
	labels := map[string]bool{}
	for _, s := range w.Snapshots {
		if labels[s.Label] {
			return Faultf(Usage, "the snapshot %s appears twice", s.Label)
		}
		labels[s.Label] = true
	}
	return nil
}

// Seed returns the database of the seed that w starts from, "" for a snapshot.
func (w Wanted) Seed() string {
	switch {
	case w.From.Kind != FromSeed:
		return ""
	case w.Template != "":
		return w.Template
	}
	return w.From.Name
}

// Arguments returns the arguments of `octopod database converge` that make a run of the
// Job converge to w. The rest of the command line is the same for all stagings of a project.
func (w Wanted) Arguments() []string {
	args := []string{w.Name, "--staging", w.Staging, "--generation", strconv.Itoa(w.Generation), "--from", w.From.String()}
	if w.At != "" {
		args = append(args, "--at", w.At)
	}
	if w.Template != "" {
		args = append(args, "--template", w.Template)
	}
	for _, s := range w.Snapshots {
		args = append(args, "--snapshot", s.String())
	}
	return append(args, "--keep-old", w.KeepOld.String())
}
