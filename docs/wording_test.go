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

// phrases holds regular expressions; a space stands for any white space. A
// group in parentheses is the finding, otherwise the whole match is.
var phrases = compile(map[string]string{
	`whoever`:       nameIt,
	`whom`:          nameIt,
	`those that`:    nameIt,
	`those who`:     nameIt,
	`of such`:       nameIt,
	`who is asking`: "the caller, the actor, the user",
	`(?:comes?|came|become|became|becomes) of`: "name the result",
	`anew`:              "again, or recreate, rewrite, restart …",
	`mend(?:s|ed|ing)?`: "fix, repair",
	`(?:is|are|was|were|be|been|being) (?:told|said|heard)`: "report, send, show, print, notify …",
	`(?:is|are|was|were|be|been|being) asked`:               "request, query, fetch, prompt …",
	`tells?`: "reports, returns, prints, decides …",
	`(?:says?|said) (?:whether|how|what|who|which)`: "reports, describes, defines …",
	`by (?:itself|themselves)`:                      "automatically, alone, or leave it out",
	`go(?:es)? by`:                                  "uses, is decided by",
	`to be (?:reached|had|found)`:                   "cannot reach X, X is missing",
	`just now`:                                      "now, currently, at the moment",
	`if you (?:like|wish)`:                          "optional",
	`stands? (?:in|for itself)`:                     "is in, is stored in",
	`till`:                                          "until",
	`(?:tell|say|know|see|show|shown|known) how (?:it|they|\w+s?) (?:is|are)[.,;:)]`: "status",
})

// opening matches a sentence that begins with a bare Who or What and its end.
var opening = regexp.MustCompile(`(?:^|[.!?:|>#*-]\s+|\n\s*\n\s*)((?:Who|What|Whoever|Whatever)\s[^.!?|<]*)(?:[.!?|<]|$)`)

func compile(advice map[string]string) (compiled []phrase) {
	for pattern, advice := range advice {
		full := `(?i)(?:^|[^\w/"'` + "`" + `-])(` + strings.ReplaceAll(pattern, " ", `\s+`) + `)(?:$|[^\w])`
		compiled = append(compiled, phrase{regexp.MustCompile(full), advice})
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
			if !strings.HasSuffix(p.text[:at[1]], "?") && len(strings.Fields(sentence)) >= 3 {
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
