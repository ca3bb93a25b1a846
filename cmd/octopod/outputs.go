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

// output is one value for later steps of a pipeline.
type output struct{ name, value string }

// outputsOf returns the outputs of a deploy.
func outputsOf(r change.Result) []output {
	outputs := []output{{"name", r.Name}, {"url", ""}, {"status", "Unknown"}, {"revision", r.Revision}, {"commit", ""}, {"changed", fmt.Sprint(r.Changed)}}
	if s := r.Staging; s != nil {
		outputs[1].value = s.Status.URL
		outputs[2].value = cmp.Or(string(s.Status.Phase), "Unknown")
		outputs[4].value = builtFrom(s.Spec)
	}
	return outputs
}

// resultRecorder records the result of a deploy and the last status of its staging,
// for the outputs at the end.
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

func (r *resultRecorder) Watch(ctx context.Context, q staging.Query, send func(live.Event)) error {
	return r.backend.Watch(ctx, q, func(e live.Event) {
		if e.Kind == live.Modified && e.Staging.Metadata.Name == r.result.Name {
			r.result.Staging = &e.Staging
		}
		send(e)
	})
}

// builtFrom returns the commit of the application, "" if the branch's builds come
// from several commits.
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

// writeOutputs writes the outputs to the file of --outputs, and to the files in the
// variables of GitHub, Gitea and Forgejo.
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
		return outputError(file, os.WriteFile(file, jsonOutputs(outputs), 0o644))
	}
	return outputError(file, os.WriteFile(file, []byte(dotenv(outputs)), 0o644))
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return outputError(file, err)
	}
	_, err = f.WriteString(text)
	return outputError(file, cmp.Or(err, f.Close()))
}

func outputError(file string, err error) error {
	if err == nil {
		return nil
	}
	return staging.Errorf(staging.CodeInvalid, "the deploy succeeded, but its outputs cannot be written to %s", file).Because(err)
}

// stepOutputs formats outputs for GitHub. The delimiter around a value of several
// lines is its hash, so a value cannot contain it and set another output.
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

// shellSafe matches values that need no quotes in a shell. GitLab reads quotes in
// dotenv files as part of the value.
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,?-]*$`)

// dotenv formats outputs as lines STAGING_URL=…, for GitLab's
// artifacts:reports:dotenv and for `. FILE` in a shell. The prefix is not
// OCTOPOD_, because those variables set flags.
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

// summary returns the job summary of a run, in Markdown.
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
			from = strings.TrimSpace(cmp.Or(service.Branch, s.Spec.Branch) + " " + shortRevision(service.Commit))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", markdown(name), markdown(service.Image), markdown(from))
	}
	fmt.Fprintf(&b, "\nRevision %s of the env repo\n", markdown(shortRevision(r.Revision)))
	return b.String()
}

// markdown escapes a text. Names of branches may contain any markup.
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
