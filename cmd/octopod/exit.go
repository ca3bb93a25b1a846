package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// exitCodes is the one table from what went wrong to the exit code. `octopod help
// exit-codes` prints it.
var exitCodes = []struct {
	exit  int
	codes []staging.Code
	means string
}{
	{0, nil, "done, or nothing to do"},
	{1, []staging.Code{staging.CodeInternal}, "internal error; with diff and regenerate --check: different"},
	{2, []staging.Code{staging.CodeInvalid}, "wrong usage or input"},
	{3, []staging.Code{staging.CodeNotFound}, "no such staging, revision, branch or repository"},
	{4, []staging.Code{staging.CodeConflict, staging.CodeExists, staging.CodePinned}, "conflict: it exists already, is pinned, or another change came first"},
	{5, []staging.Code{staging.CodeTimeout}, "timeout of a wait"},
	{6, []staging.Code{staging.CodeFailed}, "the staging failed or is degraded"},
	{7, []staging.Code{staging.CodeUnauthorized, staging.CodeForbidden}, "credentials missing, wrong, or without permission"},
	{8, []staging.Code{staging.CodeUnavailable}, "cannot reach the git remote, registry or Argo CD"},
	{exitInterrupted, nil, "interrupted"},
}

const (
	exitCompareFailed = 2   // the least exit code of diff and regenerate --check when they could not compare
	exitInterrupted   = 130 // as shells do: 128 + SIGINT
)

// errDifferent is the answer of a comparison, not a failure: exit code 1, no words.
var errDifferent = errors.New("different")

// comparisonError marks the failure of a comparison, whose exit code must not be mistaken for an answer.
type comparisonError struct{ error }

func (t comparisonError) Unwrap() error { return t.error }

// comparisonResult keeps exit code 1 for "different".
func comparisonResult(err error) error {
	if err == nil || errors.Is(err, errDifferent) {
		return err
	}
	return comparisonError{err}
}

// reported is a failure whose particulars are part of the result already.
type reported struct{ code staging.Code }

func (r reported) Error() string { return string(r.code) }

// exitCode gives the exit code of an error.
func exitCode(err error) int {
	var said reported
	var t comparisonError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDifferent):
		return 1
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &said):
		return exitCodeFor(said.code)
	case errors.As(err, &t):
		return max(exitCompareFailed, exitCode(t.error))
	}
	return exitCodeFor(codeOf(err))
}

func exitCodeFor(code staging.Code) int {
	for _, row := range exitCodes {
		for _, c := range row.codes {
			if c == code {
				return row.exit
			}
		}
	}
	return 1
}

// codeOf knows one thing that staging.CodeOf does not: a deadline is a timeout.
func codeOf(err error) staging.Code {
	code := staging.CodeOf(err)
	if code == staging.CodeInternal && errors.Is(err, context.DeadlineExceeded) {
		return staging.CodeTimeout
	}
	return code
}

// report tells on stderr what went wrong and gives the exit code.
//
// What is said: one line "octopod: what happened"; several faults one a line
// below it, indented; what to do next on a line of its own after an arrow.
// With -o json or yaml the same as one JSON object; what a path picks is for
// people and scripts, who read the line.
func (c *cli) report(ctx context.Context, args []string, err error) int {
	if err != nil && ctx.Err() != nil {
		c.stderr.printf("octopod: interrupted\n")
		return exitInterrupted
	}
	exit := exitCode(err)
	var said reported
	switch {
	case err == nil, errors.Is(err, errDifferent), errors.As(err, &said):
	case c.settings.machineReadable() && c.settings.jsonPath == nil || wantsJSON(args):
		c.stderr.printf("%s\n", errorJSON(err, exit))
	default:
		c.stderr.printf("%s %s\n", c.stderr.paint(red, "octopod:"), sanitize(message(err)))
		if hint := staging.HintOf(err); hint != "" {
			c.stderr.printf("%s %s\n", c.stderr.paint(dim, "→"), sanitize(hint))
		}
	}
	return exit
}

// message says a foreign error's text too: on the command line whoever reads
// it is also who can mend it.
func message(err error) string { return strings.TrimRight(err.Error(), "\n") }

func errorJSON(err error, exit int) []byte {
	doc := struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Code       staging.Code      `json:"code"`
		Exit       int               `json:"exit"`
		Message    string            `json:"message"`
		Hint       string            `json:"hint,omitempty"`
		Problems   []staging.Problem `json:"problems,omitempty"`
	}{staging.APIVersion, "Error", codeOf(err), exit, message(err), staging.HintOf(err), staging.ProblemsOf(err)}
	var e *staging.Error
	if errors.As(err, &e) && len(doc.Problems) > 0 {
		doc.Message = e.Message
	}
	text, _ := json.Marshal(doc) // strings and numbers always marshal
	return text
}

// wantsJSON finds -o json in arguments that could not be parsed.
func wantsJSON(args []string) bool {
	line := strings.Join(args, " ") + " "
	for _, form := range []string{"-o json ", "-ojson ", "-o=json ", "--output json ", "--output=json "} {
		if strings.Contains(line, form) {
			return true
		}
	}
	return false
}

// usage is an error in how a verb was called.
func usage(cmd *cobra.Command, format string, args ...any) *staging.Error {
	return staging.Errorf(staging.CodeInvalid, format, args...).WithHint("usage: %s\n  `%s --help` shows examples", cmd.UseLine(), cmd.CommandPath())
}

// noArgs is for verbs that take flags only.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, "%q is too much: %s takes flags only", args[0], cmd.Name())
	}
	return nil
}

// unknownVerb names what the person may have meant.
func unknownVerb(root *cobra.Command, verb string) error {
	err := staging.Errorf(staging.CodeInvalid, "there is no verb %q", verb).WithHint("`octopod --help` lists the verbs")
	if near := root.SuggestionsFor(verb); len(near) > 0 {
		err = err.WithHint("did you mean `octopod %s`?", strings.Join(near, "` or `octopod "))
	}
	return err
}

// suggestFlag asks for the flag that the person may have meant; "" where none is
// spelled alike.
func suggestFlag(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return ""
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	if near := strictyaml.Closest(unknown.GetSpecifiedName(), known); near != "" {
		return "; did you mean --" + near + "?"
	}
	return ""
}
