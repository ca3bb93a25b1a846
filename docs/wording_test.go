package docs

import (
	"regexp"
	"strings"
	"testing"
)

// phrase is a wording that makes readers stop, with what to write instead.
type phrase struct {
	pattern *regexp.Regexp
	advice  string
}

const badGodoc = "godoc of "

const nameIt = "name the thing or the person"

// phrases holds regular expressions; a space stands for any white space.
var phrases = compile(
	nameIt, `whoever|whom|those that|those who|of such|what there is`,
	"the caller, the actor, the user", `who is asking`,
	"name the result", `(?:comes?|came|become|became|becomes) of`,
	"again, or recreate, rewrite, restart …", `anew`,
	"fix, repair", `mend(?:s|ed|ing)?`,
	"report, send, show, print, notify …", `(?:is|are|was|were|be|been|being) (?:told|said|heard)`,
	"request, query, fetch, prompt …", `(?:is|are|was|were|be|been|being) asked`,
	"reports, returns, prints, decides …", `tells?`,
	"reports, describes, defines …", `(?:says?|said) (?:whether|how|what|who|which)`,
	"returns, contains …", `\A\s*\w+ gives`,
	"automatically, alone, or leave it out", `by (?:itself|themselves)`,
	"uses, is decided by", `go(?:es)? by`,
	"cannot reach X, X is missing", `to be (?:reached|had|found)`,
	"must be, should be, will be", `(?:is|are|was|were) to be`,
	"now, currently, at the moment", `just now`,
	"optional", `if you (?:like|wish)`,
	"is in, is stored in", `stands? (?:in|for itself)`,
	"until", `till`,
	"forever, without a limit", `for ever`,
	"status", `(?:tell|say|know|see|show|shown|known) how (?:it|they|\w+s?) (?:is|are)[.,;:)]`,
)

// opening matches a sentence that begins with a bare Who or What and its end. People
// write “What is new” as a title everywhere.
var opening = regexp.MustCompile(`(?:^|[.!?:|>#*-]\s+|\n\s*\n\s*)((?:Who|What|Whoever|Whatever)\s[^.!?|<]*)(?:[.!?|<]|$)`)

// compile takes pairs of an advice and a pattern.
func compile(pairs ...string) (compiled []phrase) {
	for i := 0; i < len(pairs); i += 2 {
		full := `(?i)(?:^|[^\w/"'` + "`" + `-])(` + strings.ReplaceAll(pairs[i+1], " ", `\s+`) + `)(?:$|[^\w])`
		compiled = append(compiled, phrase{regexp.MustCompile(full), pairs[i]})
	}
	return compiled
}

// check returns the findings of one file.
func check(file string, passages []passage) (found []finding) {
	for _, p := range passages {
		if rest, ok := strings.CutPrefix(p.text, badGodoc); ok {
			name, text, _ := strings.Cut(rest, ": ")
			found = append(found, finding{file, p.line, badGodoc + name, text, "begin the comment with " + name})
			continue
		}
		for _, ph := range phrases {
			for _, at := range ph.pattern.FindAllStringSubmatchIndex(p.text, -1) {
				found = append(found, p.finding(file, at[2], at[3], ph.advice))
			}
		}
		for _, at := range opening.FindAllStringSubmatchIndex(p.text, -1) {
			sentence := p.text[at[2]:at[3]]
			if !strings.HasSuffix(p.text[:at[1]], "?") && len(strings.Fields(sentence)) >= 3 && !strings.HasPrefix(sentence, "What is new") {
				end := at[2] + strings.IndexAny(sentence, " \t\n")
				found = append(found, p.finding(file, at[2], end, "begin with the noun: "+nameIt))
			}
		}
	}
	return found
}

func (p passage) finding(file string, begin, end int, advice string) finding {
	return finding{
		file: file, line: p.line + strings.Count(p.text[:begin], "\n"),
		phrase:   strings.ToLower(words(p.text[begin:end])),
		sentence: p.sentence(begin, end), advice: advice,
	}
}

// sentence returns the surroundings of a phrase, up to the next full stops.
func (p passage) sentence(begin, end int) string {
	if stop := max(strings.LastIndex(p.text[:begin], ". "), strings.LastIndex(p.text[:begin], ".\n")); stop >= 0 {
		begin = stop + 1
	} else {
		begin = 0
	}
	if stop := strings.IndexAny(p.text[end:], ".?!"); stop >= 0 {
		end += stop + 1
	} else {
		end = len(p.text)
	}
	text := words(p.text[begin:end])
	if runes := []rune(text); len(runes) > 300 {
		return string(runes[:300]) + " …"
	}
	return text
}

func words(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestPhrases(t *testing.T) {
	for text, want := range map[string]string{
		"The server is told\nat once.":         "is told",
		"Who may look.":                        "who",
		"Who may look?":                        "",
		"A user who may look. What is left is": "what",
		"POST /mend, an amended commit":        "",
		"The outcome of a run.":                "",
		" Name gives the name.":                "name gives",
		"Show what\n  comes of it.":            "comes of",
	} {
		found := check("x.md", []passage{{1, text}})
		got := ""
		if len(found) > 0 {
			got = found[0].phrase
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
