package database

import (
	"errors"
	"fmt"

	"octopod/generator/staging"
)

// Code classifies why a run of the database Job ended. Pages derive their sentences from
// it, never from the text.
type Code string

// The codes of docs/databases.md.
const (
	Done            Code = "done"
	Usage           Code = "usage"
	SeedMissing     Code = "seed_missing"
	SnapshotMissing Code = "snapshot_missing"
	GroupMissing    Code = "group_missing"
	GenerationGone  Code = "generation_gone"
	NotOurs         Code = "not_ours"
	Timeout         Code = "timeout"
	ServerFull      Code = "server_full"
	ServerReadOnly  Code = "server_read_only"
	Failed          Code = "failed"
	Denied          Code = "denied"
	Unreachable     Code = "server_unreachable"
	InUse           Code = "in_use"
	Superseded      Code = "superseded" // no fault of the staging: a later run has done its work
)

// general maps each code to the code whose exit code the program has.
var general = map[Code]staging.Code{
	Usage:           staging.CodeInvalid,
	SeedMissing:     staging.CodeNotFound,
	SnapshotMissing: staging.CodeNotFound,
	GroupMissing:    staging.CodeNotFound,
	GenerationGone:  staging.CodeConflict,
	NotOurs:         staging.CodeConflict,
	Timeout:         staging.CodeTimeout,
	ServerFull:      staging.CodeFailed,
	ServerReadOnly:  staging.CodeFailed,
	Failed:          staging.CodeFailed,
	Denied:          staging.CodeForbidden,
	Unreachable:     staging.CodeUnavailable,
	InUse:           staging.CodeBusy,
}

// Fault is the reason why a run ended before the server matched the record.
type Fault struct {
	Code Code
	Text string
	Err  error // the cause; may be nil
}

// Faultf returns a Fault with a formatted text. It wraps the error of a %w.
func Faultf(code Code, format string, args ...any) *Fault {
	err := fmt.Errorf(format, args...)
	return &Fault{Code: code, Text: err.Error(), Err: errors.Unwrap(err)}
}

func (f *Fault) Error() string { return f.Text }
func (f *Fault) Unwrap() error { return f.Err }

// General returns the code of the whole program for a code of this package.
func (c Code) General() staging.Code {
	if g, known := general[c]; known {
		return g
	}
	return staging.CodeInternal
}

// LastWords is the one line that a run leaves for the page of the staging.
type LastWords struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
}

// LastWordsOf returns the last words of a run that ended with an error or nil.
func LastWordsOf(err error, done string) LastWords {
	var f *Fault
	switch {
	case err == nil:
		return LastWords{Done, done}
	case errors.As(err, &f):
		return LastWords{f.Code, err.Error()}
	}
	return LastWords{Failed, err.Error()}
}
