package main

import (
	"os/exec"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/staging"
)

// hostileValues are values that break formats without correct quoting.
var hostileValues = []string{
	"plain", "", "a b", "a\nurl=https://evil.example.com", "a\r\nb", "x<<EOF\nEOF\nurl=evil", `$(touch /tmp/x) "q" 'q' \ ; & | # !`, "ü", "-n", "`id`",
}

func TestStepOutputsSetOneValueEach(t *testing.T) {
	t.Parallel()
	for _, value := range hostileValues {
		text := stepOutputs([]output{{"url", value}, {"end", "1"}})
		lines, got := strings.Split(text, "\n"), map[string]string{}
		for len(lines) > 0 && lines[0] != "" { // as GitHub's runner reads the file
			name, rest, _ := strings.Cut(lines[0], "=")
			lines = lines[1:]
			if multi, end, ok := strings.Cut(name, "<<"); ok {
				name, rest = multi, ""
				for ; lines[0] != end; lines = lines[1:] {
					rest += lines[0] + "\n"
				}
				rest, lines = strings.TrimSuffix(rest, "\n"), lines[1:]
			}
			got[name] = rest
		}
		if got["url"] != value || got["end"] != "1" || len(got) != 2 {
			t.Errorf("%q is read as %q", value, got)
		}
	}
}

func TestDotenvValuesSurviveAShell(t *testing.T) {
	t.Parallel()
	for _, value := range hostileValues {
		text := dotenv([]output{{"url", value}, {"name", "login"}})
		if strings.Count(text, "\n") != 2 {
			t.Errorf("%q takes several lines: %q", value, text)
		}
		out, err := exec.Command("sh", "-c", text+`printf %s "$STAGING_URL"`).CombinedOutput()
		if want := strings.Join(strings.Fields(value), " "); err != nil || string(out) != want {
			t.Errorf("%q is read as %q (%v), want %q", value, out, err, want)
		}
	}
	if got := dotenv([]output{{"url", "https://login.staging.example.com/?a=1"}}); got != "STAGING_URL=https://login.staging.example.com/?a=1\n" {
		t.Errorf("a plain address has quotes, which GitLab reads as part of the value: %s", got)
	}
}

func TestTheSummaryIsOnePlainTable(t *testing.T) {
	t.Parallel()
	s := staging.Staging{Name: "login", Spec: staging.Spec{
		Branch: "x|y`[z](javascript:1)<script>@team", Services: map[string]staging.Service{
			"backend":  {Image: "registry/x:1|2", Commit: "1f2e3d4c5b", From: staging.FromBranch},
			"frontend": {Image: "registry/y:1", From: staging.FromBranch, Branch: "other\n\n# title"},
		}}}
	view := staging.View{Document: s.Document(), Status: staging.Status{URL: "https://x.example.com/><script>"}}
	text := summary(change.Result{Name: "login", Staging: &view, Changed: true, Revision: "abcdef0123"})
	for _, bad := range []string{"<script", "](", "`", "@team", "\n# "} {
		if strings.Contains(text, bad) {
			t.Errorf("the summary contains %q:\n%s", bad, text)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 4 {
			t.Errorf("a row does not have three cells: %s", line)
		}
	}
}
