package main

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"sigs.k8s.io/yaml"
)

// prose lists the fields with sentences for people. Their wording may change, so the
// corpus compares only whether such a field exists. An entry with ^ is the whole path,
// any other entry is its end.
//
// Text from users is data and not in this list: the reason of a pin, a note, a title.
var prose = []string{
	// The reasons of a status.
	".status.reason", ".status.detail", ".rollout.reason",
	// Errors and hints: on stderr, of the API, and of list items.
	"^.message", "^.detail", "^.hint", ".error", ".error.message", ".error.detail", ".error.hint", ".problems.message",
	// Findings of lint and init.
	"^.items.message", ".findings.message", "^.notes",
	// Findings of doctor, which contain durations.
	"^.items.says", "^.items.mend",
	// The output of explain.
	"^.summary", "^.facts.text",
	// Why a write did only a part, or skipped a staging.
	"^.note", "^.items.skipped", "^.items.remark", ".refused.skipped",
	// The reasons of the sweep.
	"^.items.reason", "^.orphans.reason",
	// Why a webhook had no effect.
	"^.items.text",
}

// proseColumns are the table columns with sentences.
var proseColumns = []string{"REASON", "REMARK"}

// placeholderSentence replaces a sentence.
const placeholderSentence = "…"

func isProse(path string) bool {
	return slices.ContainsFunc(prose, func(field string) bool {
		whole, anchored := strings.CutPrefix(field, "^")
		return anchored && path == whole || !anchored && strings.HasSuffix(path, field)
	})
}

// comparedText returns an answer without sentences.
func comparedText(question, answer string) string {
	var b strings.Builder
	for _, part := range parts(answer) {
		b.WriteString(part.head + "\n")
		switch {
		case part.head == "=== commit":
			b.WriteString(withoutWords(part.text))
		case strings.HasPrefix(part.text, "{"):
			b.WriteString(withoutProse(part.text))
		case strings.Contains(question, "-o yaml"):
			b.WriteString(yamlWithoutProse(part.text))
		case tableHead.MatchString(part.text):
			b.WriteString(tableWithoutProse(part.text))
		default:
			b.WriteString(part.text)
		}
	}
	return b.String()
}

// withoutProse replaces the sentences in a JSON text and keeps every other byte.
func withoutProse(text string) string {
	p := &proseCutter{in: []byte(text), tokens: json.NewDecoder(strings.NewReader(text))}
	for p.err == nil {
		p.value("")
	}
	if p.err != io.EOF {
		return text + "\nis no JSON: " + p.err.Error()
	}
	p.out.WriteString(text[p.copied:])
	return p.out.String()
}

// proseCutter copies a JSON text without its sentences.
type proseCutter struct {
	in     []byte
	tokens *json.Decoder
	out    bytes.Buffer
	copied int64 // of in
	err    error
}

func (p *proseCutter) token() (token json.Token) {
	if p.err == nil {
		token, p.err = p.tokens.Token()
	}
	return token
}

// value copies the value at a path.
func (p *proseCutter) value(path string) {
	before := p.tokens.InputOffset()
	switch token := p.token().(type) {
	case json.Delim:
		for p.err == nil && p.tokens.More() {
			at := path
			if token == '{' {
				key, _ := p.token().(string)
				at += "." + key
			}
			p.value(at)
		}
		p.token() // the closing bracket
	case string:
		if token != "" && isProse(path) {
			start := before + int64(bytes.IndexByte(p.in[before:], '"'))
			p.out.Write(p.in[p.copied:start])
			p.out.WriteString(`"` + placeholderSentence + `"`)
			p.copied = p.tokens.InputOffset()
		}
	}
}

func yamlWithoutProse(text string) string {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return text + "\nis no YAML: " + err.Error()
	}
	var b bytes.Buffer
	_ = json.Indent(&b, data, "", "  ") // valid JSON
	return withoutProse(b.String())
}

// tableHead is the first line of a table: titles in capitals.
var tableHead = regexp.MustCompile(`^[A-Z]+( +[A-Z]+)+\n`)

// tableWithoutProse replaces the cells of prose columns, and the lines below a table.
func tableWithoutProse(text string) string {
	lines := strings.Split(text, "\n")
	titles := title.FindAllStringIndex(lines[0], -1)
	last := titles[len(titles)-1]
	for i, line := range lines[1:] {
		cells := []rune(line)
		switch {
		case line == "":
		case !isRow(cells, titles):
			lines[i+1] = placeholderSentence
		case slices.Contains(proseColumns, lines[0][last[0]:last[1]]):
			lines[i+1] = string(cells[:last[0]]) + placeholderSentence
		}
	}
	return strings.Join(lines, "\n")
}

var title = regexp.MustCompile(`\S+`)

// isRow reports whether a line has a cell in every column.
func isRow(line []rune, titles [][]int) bool {
	return !slices.ContainsFunc(titles, func(title []int) bool {
		at := title[0]
		return at >= len(line) || line[at] == ' ' || at > 0 && line[at-1] != ' '
	})
}

// trailer matches a trailer of a commit message.
var trailer = regexp.MustCompile(`^[A-Z][A-Za-z-]+: `)

// withoutWords reduces a commit message to the verb, the staging and the trailers. It
// keeps the text after the message.
func withoutWords(commit string) string {
	var b strings.Builder
	lines := strings.SplitAfter(commit, "\n")
	subject := true
	for _, line := range lines {
		switch words, inMessage := strings.CutPrefix(line, messageIndent); {
		case !inMessage:
			b.WriteString(line)
		case subject:
			verb, _, _ := strings.Cut(strings.TrimSpace(words), ":")
			b.WriteString(messageIndent + verb + "\n")
			subject = false
		case trailer.MatchString(words):
			b.WriteString(line)
		}
	}
	return b.String()
}

// lineDiff returns the difference between a recorded answer and the current one.
func lineDiff(recorded, now string) string { return udiff.Unified("recorded", "now", recorded, now) }
