package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"octopod/generator/change"
	"octopod/generator/live"
	"octopod/generator/staging"
)

// output is one value that later steps of a pipeline read.
type output struct{ name, value string }

// outputsOf lists what a deploy tells the rest of the pipeline.
func outputsOf(r change.Result) []output {
	outputs := []output{{"name", r.Name}, {"url", ""}, {"status", "Unknown"}, {"revision", r.Revision}, {"commit", ""}, {"changed", fmt.Sprint(r.Changed)}}
	if s := r.Staging; s != nil {
		outputs[1].value = s.Status.URL
		outputs[2].value = cmp.Or(string(s.Status.Phase), "Unknown")
		outputs[4].value = builtFrom(s.Spec)
	}
	return outputs
}

// resultRecorder remembers what became of a deploy, so that it can be told once all is
// over, however it ended.
type resultRecorder struct {
	backend
	result  change.Result
	applied bool
}

func (r *resultRecorder) Apply(ctx context.Context, q change.Request) (change.Result, error) {
	result, err := r.backend.Apply(ctx, q)
	r.result, r.applied = result, err == nil && !q.DryRun
	return result, err
}

func (r *resultRecorder) Watch(ctx context.Context, q staging.Query, tell func(live.Event)) error {
	return r.backend.Watch(ctx, q, func(news live.Event) {
		if news.Kind == live.Modified && news.Staging.Metadata.Name == r.result.Name {
			r.result.Staging = &news.Staging
		}
		tell(news)
	})
}

// builtFrom is the commit of the application, where all that the branch built
// came from one.
func builtFrom(spec staging.Spec) string {
	commit := ""
	for _, service := range spec.Services {
		switch {
		case service.From != staging.FromBranch || service.Commit == commit:
		case commit != "":
			return ""
		default:
			commit = service.Commit
		}
	}
	return commit
}

// writeOutputs hands the result to the rest of the pipeline: to the file that
// was asked for, and to the files that GitHub, Gitea and Forgejo name.
func (c *cli) writeOutputs(file string, r change.Result) error {
	outputs := outputsOf(r)
	var texts []output // file and text
	if c.env["CI"] != "false" {
		texts = append(texts, output{c.env["GITHUB_OUTPUT"], stepOutputs(outputs)}, output{c.env["GITHUB_STEP_SUMMARY"], summary(r)})
	}
	for _, t := range texts {
		if t.name != "" {
			if err := appendTo(t.name, t.value); err != nil {
				return err
			}
		}
	}
	switch {
	case file == "":
		return nil
	case filepath.Ext(file) == ".json":
		return unwritable(file, os.WriteFile(file, jsonOutputs(outputs), 0o644))
	}
	return unwritable(file, os.WriteFile(file, []byte(dotenv(outputs)), 0o644))
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return unwritable(file, err)
	}
	_, err = f.WriteString(text)
	return unwritable(file, cmp.Or(err, f.Close()))
}

func unwritable(file string, err error) error {
	if err == nil {
		return nil
	}
	return staging.Errorf(staging.CodeInvalid, "it is deployed, but the outputs cannot be written to %s", file).Because(err)
}

// stepOutputs writes outputs as GitHub reads them. A value of several lines
// stands between lines that its own text cannot hold, so that no value can end
// early and set another.
func stepOutputs(outputs []output) string {
	var b strings.Builder
	for _, o := range outputs {
		if !strings.ContainsAny(o.value, "\r\n") {
			fmt.Fprintf(&b, "%s=%s\n", o.name, o.value)
			continue
		}
		sum := sha256.Sum256([]byte(o.value))
		end := "end-" + hex.EncodeToString(sum[:])
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.name, end, o.value, end)
	}
	return b.String()
}

// shellSafe is text that means itself in a shell and in every reader of dotenv
// files, GitLab's among them, which takes quotes for part of the value.
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,?-]*$`)

// dotenv writes outputs as STAGING_URL=…, one a line, for GitLab's
// artifacts:reports:dotenv and for `. FILE` in a shell. They are not called
// OCTOPOD_…: those are flags.
func dotenv(outputs []output) string {
	var b strings.Builder
	for _, o := range outputs {
		value := strings.Join(strings.Fields(o.value), " ")
		if !shellSafe.MatchString(value) {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		fmt.Fprintf(&b, "STAGING_%s=%s\n", strings.ToUpper(o.name), value)
	}
	return b.String()
}

func jsonOutputs(outputs []output) []byte {
	values := map[string]string{}
	for _, o := range outputs {
		values[o.name] = o.value
	}
	text, _ := json.MarshalIndent(values, "", "  ") // a map of strings always marshals
	return append(text, '\n')
}

// summary is the page that GitHub and its like show for a run.
func summary(r change.Result) string {
	var b strings.Builder
	did := "unchanged"
	if r.Changed {
		did = "deployed"
	}
	fmt.Fprintf(&b, "### Staging %s: %s\n\n", markdown(r.Name), did)
	if r.Note != "" {
		fmt.Fprintf(&b, "%s\n\n", markdown(r.Note))
	}
	s := r.Staging
	if s == nil {
		return b.String()
	}
	if s.Status.URL != "" {
		fmt.Fprintf(&b, "<%s>\n\n", strings.NewReplacer("<", "%3C", ">", "%3E", " ", "%20", "\n", "").Replace(s.Status.URL))
	}
	b.WriteString("| service | image | from |\n| --- | --- | --- |\n")
	for _, name := range sortedKeys(s.Spec.Services) {
		service := s.Spec.Services[name]
		from := string(service.From)
		if service.From == staging.FromBranch {
			from = strings.TrimSpace(cmp.Or(service.Branch, s.Spec.Branch) + " " + short(service.Commit))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", markdown(name), markdown(service.Image), markdown(from))
	}
	fmt.Fprintf(&b, "\nRevision %s of the env repo\n", markdown(short(r.Revision)))
	return b.String()
}

// markdown lets a text mean nothing but itself. People choose the names of
// branches.
func markdown(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if strings.ContainsRune("\\`*_{}[]<>()#+!|~&@$", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
