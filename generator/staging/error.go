package staging

import (
	"errors"
	"fmt"
	"strings"
)

// Code classifies an error once, where it is understood. It decides the exit
// code of the command and the HTTP status of the API.
type Code string

// The codes, in the order of the table in docs/architecture.md.
const (
	CodeInternal     Code = "internal"     // a foreign error: logged, never shown raw to a web user
	CodeInvalid      Code = "invalid"      // wrong usage or input
	CodeNotFound     Code = "not_found"    // no such staging, revision, branch or repository
	CodeConflict     Code = "conflict"     // somebody else's change won
	CodeExists       Code = "exists"       // create of what is already there
	CodePinned       Code = "pinned"       // held by a rollback or by hand
	CodeTimeout      Code = "timeout"      // a wait ran out
	CodeFailed       Code = "failed"       // the staging failed or is degraded
	CodeUnauthorized Code = "unauthorized" // credentials missing or wrong
	CodeForbidden    Code = "forbidden"    // credentials right, but not enough
	CodeUnavailable  Code = "unavailable"  // git remote, registry or Argo CD out of reach
)

// Error is what people see: what happened, what to do next, and the cause.
type Error struct {
	Code     Code
	Message  string    // one sentence, no final full stop
	Hint     string    // what to do next; may be empty
	Problems []Problem // every fault of the input, when there are several
	Err      error     // the cause; may be nil
}

// Problem is one fault of an input, with the place where it can be mended.
type Problem struct {
	File    string `json:"file,omitempty"`   // path in the env repo, "" for input that is no file
	Line    int    `json:"line,omitempty"`   // 1-based, 0 when unknown
	Field   string `json:"field,omitempty"`  // dotted path: spec.services.backend.image
	Rule    string `json:"rule,omitempty"`   // the check that refuses, when one does
	Object  string `json:"object,omitempty"` // Deployment/backend, when a rendered object is at fault
	Message string `json:"message"`
	Image   string `json:"-"` // that a registry does not have, or was not reached for
}

// String renders a problem as `file:line: object: field: message`, leaving out what is unknown.
func (p Problem) String() string {
	var parts []string
	switch {
	case p.File != "" && p.Line > 0:
		parts = append(parts, fmt.Sprintf("%s:%d", p.File, p.Line))
	case p.File != "":
		parts = append(parts, p.File)
	case p.Line > 0:
		parts = append(parts, fmt.Sprintf("line %d", p.Line))
	}
	for _, s := range []string{p.Object, p.Field} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	text := strings.Join(append(parts, p.Message), ": ")
	if p.Rule != "" {
		text += " [" + p.Rule + "]"
	}
	return text
}

// Error gives the message, its problems (one a line when there are several) and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	switch {
	case len(e.Problems) == 1:
		b.WriteString(": " + e.Problems[0].String())
	case len(e.Problems) > 1:
		for _, p := range e.Problems {
			b.WriteString("\n  " + p.String())
		}
	}
	if e.Err != nil {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithHint adds what to do next.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Because adds the cause.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Invalid bundles the problems of one input; nil when there are none.
func Invalid(what string, problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Message: what, Problems: problems}
}

// CodeOf gives the code of the first Error in the chain; CodeInternal for a
// foreign error, so that an unclassified error never leaks its text.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// HintOf gives the first hint in the chain.
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// ProblemsOf gives the problems of the first Error in the chain that has any.
func ProblemsOf(err error) []Problem {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return nil
		}
		if len(e.Problems) > 0 {
			return e.Problems
		}
		err = e.Err
	}
	return nil
}
