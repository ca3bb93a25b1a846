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

// exitCodes is the only table of exit codes. `octopod help exit-codes` prints it.
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
	{9, []staging.Code{staging.CodeBusy}, "other changes kept coming first; run the command again"},
	{exitInterrupted, nil, "interrupted"},
}

const (
	exitCompareFailed = 2   // the lowest exit code of diff and regenerate --check if they fail
	exitInterrupted   = 130 // as shells do: 128 + SIGINT
)

// errDifferent is the result of a comparison, not a failure: exit code 1, no message.
var errDifferent = errors.New("different")

// comparisonError marks the failure of a comparison. Its exit code differs from
// the exit codes of results.
type comparisonError struct{ error }

func (t comparisonError) Unwrap() error { return t.error }

// comparisonResult marks failures, so that exit code 1 means "different" only.
func comparisonResult(err error) error {
	if err == nil || errors.Is(err, errDifferent) {
		return err
	}
	return comparisonError{err}
}

// reportedError is a failure that the printed result already explains.
type reportedError struct{ code staging.Code }

func (r reportedError) Error() string { return string(r.code) }

// exitCode returns the exit code of an error.
func exitCode(err error) int {
	var printed reportedError
	var t comparisonError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDifferent):
		return 1
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &printed):
		return exitCodeFor(printed.code)
	case errors.As(err, &t):
		return max(exitCompareFailed, exitCode(t.error))
	}
	return exitCodeFor(staging.ResultCode(err))
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

// report prints an error to stderr and returns the exit code.
//
// The form is one line "octopod: MESSAGE"; then the problems, one per indented
// line; then the hint, on a line of its own after an arrow. With -o json or yaml
// the error is one JSON object, but not with -o jsonpath.
func (c *cli) report(ctx context.Context, args []string, err error) int {
	if err != nil && ctx.Err() != nil {
		c.stderr.printf("octopod: interrupted\n")
		return exitInterrupted
	}
	exit := exitCode(err)
	var printed reportedError
	switch {
	case err == nil, errors.Is(err, errDifferent), errors.As(err, &printed):
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

// message returns the full text of an error, including the causes from other
// programs: the user of the command line can fix them.
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
	}{staging.APIVersion, "Error", staging.ResultCode(err), exit, message(err), staging.HintOf(err), staging.ProblemsOf(err)}
	var e *staging.Error
	if errors.As(err, &e) && len(doc.Problems) > 0 {
		doc.Message = e.Message
	}
	text, _ := json.Marshal(doc) // strings and numbers always marshal
	return text
}

// wantsJSON reports whether arguments that cobra failed to parse contain -o json.
func wantsJSON(args []string) bool {
	line := strings.Join(args, " ") + " "
	for _, form := range []string{"-o json ", "-ojson ", "-o=json ", "--output json ", "--output=json "} {
		if strings.Contains(line, form) {
			return true
		}
	}
	return false
}

// usage returns an error about the arguments of a verb, with its usage as the hint.
func usage(cmd *cobra.Command, format string, args ...any) *staging.Error {
	return staging.Errorf(staging.CodeInvalid, format, args...).WithHint("usage: %s\n  `%s --help` shows examples", cmd.UseLine(), cmd.CommandPath())
}

// noArgs rejects arguments of a verb that takes only flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, "unexpected argument %q: %s takes only flags", args[0], cmd.Name())
	}
	return nil
}

// unknownVerb returns an error that suggests similar verbs.
func unknownVerb(root *cobra.Command, verb string) error {
	err := staging.Errorf(staging.CodeInvalid, "there is no verb %q", verb).WithHint("`octopod --help` lists the verbs")
	if near := root.SuggestionsFor(verb); len(near) > 0 {
		err = err.WithHint("did you mean `octopod %s`?", strings.Join(near, "` or `octopod "))
	}
	return err
}

// suggestFlag returns a question for a flag with a similar spelling, "" if there is none.
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
