package database

import (
	"encoding/json"
	"strings"
	"time"
)

// markPrefix begins the comment of every database and role that Octopod made.
const markPrefix = "octopod "

// Mark is what the server remembers of a copy, in the comment of the database: a rename
// takes it along, and CREATE DATABASE does not copy it.
type Mark struct {
	Staging    string    `json:"staging"`
	Database   string    `json:"database"` // the database that this is a copy of
	Generation int       `json:"generation,omitempty"`
	At         string    `json:"at,omitempty"`
	From       string    `json:"from,omitempty"`
	Template   string    `json:"template,omitempty"`
	Snapshot   string    `json:"snapshot,omitempty"` // the label, for a snapshot
	SnapshotAt string    `json:"snapshotAt,omitempty"`
	Replaced   time.Time `json:"replaced,omitzero"` // when a reset or an undo replaced these data
	Began      time.Time `json:"began,omitzero"`    // when the last run began, by the clock of the server
}

// ParseMark returns the mark in a comment. It reports false for a comment that Octopod did
// not write.
func ParseMark(comment string) (m Mark, ours bool) {
	text, found := strings.CutPrefix(comment, markPrefix)
	if !found || json.Unmarshal([]byte(text), &m) != nil {
		return Mark{}, false
	}
	return m, m.Staging != "" && m.Database != ""
}

// Comment returns the comment that holds the mark.
func (m Mark) Comment() string {
	text, _ := json.Marshal(m) // strings, numbers and times always marshal
	return markPrefix + string(text)
}

// mark returns the mark of the data that w wants.
func (w Wanted) mark() Mark {
	return Mark{Staging: w.Staging, Database: w.Name, Generation: w.Generation, At: w.At, From: w.From.String(), Template: w.Seed()}
}

// isWanted reports whether marked data are the wanted data. The time of the reset
// decides; a record that never had one counts as equal if its source is.
func (w Wanted) isWanted(m Mark) bool {
	if m.Generation != w.Generation || m.Snapshot != "" {
		return false
	}
	if m.At != "" && w.At != "" {
		return m.At == w.At
	}
	return m.From == w.From.String()
}

// isOf reports whether marked data are the snapshot s.
func (s Snapshot) isOf(m Mark) bool {
	known := m.SnapshotAt != "" && s.At != ""
	return m.Snapshot == s.Label && m.Generation == s.Generation && (!known || m.SnapshotAt == s.At)
}

// RoleMark returns the mark of the staging's role.
func (w Wanted) RoleMark() Mark { return Mark{Staging: w.Staging, Database: w.Name} }
