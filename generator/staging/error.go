package staging

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Code classifies an error at the place that understands it. The exit code of the
// command and the HTTP status of the API follow from it.
type Code string

// The codes, in the order of the table in docs/architecture.md.
const (
	CodeInternal     Code = "internal"     // an unclassified error: logged, never shown to a user of the web UI
	CodeInvalid      Code = "invalid"      // wrong usage or input
	CodeNotFound     Code = "not_found"    // no such staging, revision, branch or repository
	CodeConflict     Code = "conflict"     // a concurrent change came first
	CodeBusy         Code = "busy"         // other changes came first for too long; the same request may succeed later
	CodeExists       Code = "exists"       // create of an existing staging
	CodePinned       Code = "pinned"       // held by a rollback or by hand
	CodeTimeout      Code = "timeout"      // a wait took too long
	CodeFailed       Code = "failed"       // the staging failed or is degraded
	CodeUnauthorized Code = "unauthorized" // credentials missing or wrong
	CodeForbidden    Code = "forbidden"    // valid credentials without the permission
	CodeUnavailable  Code = "unavailable"  // cannot reach a git remote, a registry or Argo CD
)

// Error is an error for people: what failed, what to do next, and the cause.
type Error struct {
	Code      Code
	Message   string    // one sentence without a full stop
	Hint      string    // what to do next; may be empty
	Technical bool      // the hint names commands, options or files: no use on a page
	Problems  []Problem // all faults of the input
	Branch    string    // a branch that the message names, after the word branch; a role may not see it
	Staging   string    // another staging that the message or the hint names; the caller may be unable to read it
	Foreign   bool      // another system refused the credentials of Octopod, not those of the caller
	Err       error     // the cause; may be nil
}

// IsForeignRefusal reports whether another system refused the credentials of Octopod. To the
// caller of a server this is a fault of the server.
func IsForeignRefusal(err error) bool {
	if code := CodeOf(err); code != CodeUnauthorized && code != CodeForbidden {
		return false
	}
	for e := new(Error); errors.As(err, &e); err = e.Err {
		if e.Foreign {
			return true
		}
	}
	return false
}

// OfForeign marks a refusal as one of another system.
func (e *Error) OfForeign() *Error {
	e.Foreign = true
	return e
}

// Problem is one fault of an input, with its location.
type Problem struct {
	File    string `json:"file,omitempty"`   // path in the env repo; "" for input that is not a file
	Line    int    `json:"line,omitempty"`   // 1-based; 0 if unknown
	Field   string `json:"field,omitempty"`  // dotted path: spec.services.backend.image
	Rule    string `json:"rule,omitempty"`   // of the check that failed, if any
	Object  string `json:"object,omitempty"` // faulty rendered object, if any: Deployment/backend
	Message string `json:"message"`
	Image   string `json:"-"` // missing image, or image of an unreachable registry
}

// String formats the problem as `file:line: object: field: message`, without unknown parts.
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

// Error returns the message, the problems (one per line if there are several) and the cause.
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

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithHint sets the hint: what to do next.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint, e.Technical = fmt.Sprintf(format, args...), false
	return e
}

// WithTechnicalHint sets a hint that names commands, options or files.
func (e *Error) WithTechnicalHint(format string, args ...any) *Error {
	e.Hint, e.Technical = fmt.Sprintf(format, args...), true
	return e
}

// OfBranch sets the branch that the message names.
func (e *Error) OfBranch(branch string) *Error {
	e.Branch = branch
	return e
}

// didYouMean begins a hint that suggests another staging.
const didYouMean = "did you mean %s? "

// Suggesting adds the name of another staging to the hint.
func (e *Error) Suggesting(name string) *Error {
	e.Hint = fmt.Sprintf(didYouMean, name) + e.Hint
	return e.OfStaging(name)
}

// OfStaging sets the other staging that the message or the hint names.
func (e *Error) OfStaging(name string) *Error {
	e.Staging = name
	return e
}

// WithoutStaging returns a copy of the error that does not name the other staging.
func (e *Error) WithoutStaging() *Error {
	plain := *e
	plain.Hint = strings.Replace(e.Hint, fmt.Sprintf(didYouMean, e.Staging), "", 1)
	plain.Message = strings.ReplaceAll(e.Message, " "+e.Staging+" ", " another staging ")
	plain.Staging = ""
	return &plain
}

// Because sets the cause.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Invalid returns an error for the problems of one input; nil if there are none.
func Invalid(what string, problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Message: what, Problems: problems}
}

// CodeOf returns the code of the first Error in the chain, or CodeInternal if there
// is none, so that the text of an unclassified error never leaks.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// ResultCode returns the code with which a command or a request of the API ends: CodeOf,
// except that an unclassified expired deadline is a timeout.
func ResultCode(err error) Code {
	code := CodeOf(err)
	if code == CodeInternal && errors.Is(err, context.DeadlineExceeded) {
		return CodeTimeout
	}
	return code
}

// HintOf returns the first hint in the chain.
func HintOf(err error) string {
	if e := hinting(err); e != nil {
		return e.Hint
	}
	return ""
}

// PlainHintOf returns the first hint in the chain, unless it is technical.
func PlainHintOf(err error) string {
	if e := hinting(err); e != nil && !e.Technical {
		return e.Hint
	}
	return ""
}

// hinting returns the first Error in the chain that has a hint; nil without one.
func hinting(err error) *Error {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return nil
		}
		if e.Hint != "" {
			return e
		}
		err = e.Err
	}
	return nil
}

// ProblemsOf returns the problems of the first Error in the chain that has any.
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
