package staging

import (
	"math"
	"slices"
	"strings"
)

// SecretFinding is a credential in a text. It holds its place and its kind, and no
// part of it.
type SecretFinding struct {
	What       string // "a private key", "a GitHub token"
	Line       int    // 1-based
	Start, End int    // text[Start:End] is the credential
}

// DetectSecret reports whether a value contains a credential, and which: "a private
// key", "a GitHub token". It never returns any part of the value.
func DetectSecret(value string) (what string, yes bool) {
	return firstForm(value, allForms)
}

// DetectCommittedSecret is DetectSecret for what an env repo holds already: it knows
// only the forms that no version of Octopod has accepted. A form that Octopod learned
// later must not make a record or octopod.yaml invalid.
func DetectCommittedSecret(value string) (what string, yes bool) {
	return firstForm(value, alwaysForms)
}

// firstForm returns the first form that a value matches, in the order of the table: a
// token in an address is also a password in an address.
func firstForm(value string, forms *hintIndex) (what string, yes bool) {
	first := len(secretForms)
	scanSecrets(value, forms, func(_ SecretFinding, index int) bool {
		first = min(first, index)
		return first > 0
	})
	if first == len(secretForms) {
		return "", false
	}
	return secretForms[first].what, true
}

// FindSecrets lists the credentials in a text, in no particular order. Of several forms
// that find the same credential, it has the first of the table.
func FindSecrets(text string) []SecretFinding {
	var found []SecretFinding
	var forms []int
	scanSecrets(text, allForms, func(f SecretFinding, form int) bool {
		same := slices.IndexFunc(found, func(other SecretFinding) bool { return other.Start < f.End && f.Start < other.End })
		switch {
		case same < 0:
			found, forms = append(found, f), append(forms, form)
		case form < forms[same]:
			found[same], forms[same] = f, form
		}
		return true
	})
	return found
}

// secretHint is the hint of a form.
type secretHint struct {
	text string
	form int // index in secretForms
}

// hintIndex holds the hints of some forms in groups with the same first two characters.
// group is the group of two characters; 0 is the empty group. Most characters begin no
// hint, so one pass over a text replaces a search for each hint.
type hintIndex struct {
	groups [][]secretHint
	group  [1 << 16]uint8
	keys   int // index of the form that has a shape instead of hints; -1 for none
}

var (
	allForms    = indexHints(func(secretForm) bool { return true })
	alwaysForms = indexHints(func(f secretForm) bool { return f.always })
)

func indexHints(chosen func(secretForm) bool) *hintIndex {
	x := &hintIndex{groups: [][]secretHint{nil}, keys: -1}
	for i, form := range secretForms {
		if !chosen(form) {
			continue
		}
		if form.form == nil {
			x.keys = i
		}
		for _, hint := range form.hints {
			start := uint16(hint[0])<<8 | uint16(hint[1])
			if x.group[start] == 0 {
				x.group[start] = uint8(len(x.groups))
				x.groups = append(x.groups, nil)
			}
			x.groups[x.group[start]] = append(x.groups[x.group[start]], secretHint{hint, i})
		}
	}
	return x
}

// A form is matched in a window around its hint: no credential is recognized by more.
const (
	windowBefore = 256
	windowAfter  = 1024
)

// scanSecrets calls found for each credential of the chosen forms until it returns false.
func scanSecrets(text string, forms *hintIndex, found func(SecretFinding, int) bool) {
	s := secretScan{text: text, found: found}
	for i := 0; i+1 < len(text); i++ {
		group := forms.group[uint16(text[i])<<8|uint16(text[i+1])]
		if group == 0 {
			continue
		}
		for _, hint := range forms.groups[group] {
			if strings.HasPrefix(text[i:], hint.text) && !s.match(hint.form, i) {
				return
			}
		}
	}
	if forms.keys >= 0 {
		s.findKeys(forms.keys)
	}
}

// secretScan is one pass over a text.
type secretScan struct {
	text    string
	found   func(SecretFinding, int) bool // the index is of the form
	matched []int                         // by form: the end of the text that was already matched
}

// match matches a form around a hint. It returns false to end the scan.
func (s *secretScan) match(index, at int) bool {
	if s.matched == nil {
		s.matched = make([]int, len(secretForms))
	}
	if at < s.matched[index] {
		return true
	}
	from, to := s.window(at)
	s.matched[index] = min(to, at+windowAfter/2)
	form := &secretForms[index]
	for _, span := range form.form.FindAllStringSubmatchIndex(s.text[from:to], -1) {
		start, end := span[0], span[1]
		switch {
		case form.named:
			start, end = span[4], span[5]
			if !namesSecretValue(s.text[from+span[2] : from+span[3]]) {
				continue
			}
		case form.placeholders:
			start, end = span[2], span[3]
		}
		start, end = from+start, from+end
		if form.isPlaceholder(s.text[from+span[0]:from+span[1]], s.text[start:end]) {
			continue
		}
		s.matched[index] = max(s.matched[index], from+span[1])
		if !s.report(index, start, end) {
			return false
		}
	}
	return true
}

// report calls found for a credential.
func (s *secretScan) report(index, start, end int) bool {
	line := 1 + strings.Count(s.text[:start], "\n")
	return s.found(SecretFinding{What: secretForms[index].what, Line: line, Start: start, End: end}, index)
}

// window returns the part of the line around a position.
func (s *secretScan) window(at int) (from, to int) {
	from, to = max(0, at-windowBefore), min(len(s.text), at+windowAfter)
	if i := strings.LastIndexByte(s.text[from:at], '\n'); i >= 0 {
		from += i + 1
	}
	if i := strings.IndexByte(s.text[at:to], '\n'); i >= 0 {
		to = at + i
	}
	return from, to
}

// isPlaceholder reports whether a match is no credential: a key of AWS's documentation,
// which ends in EXAMPLE, or a reference in place of a password.
func (f *secretForm) isPlaceholder(match, secret string) bool {
	switch {
	case strings.HasSuffix(secret, "EXAMPLE") || strings.HasSuffix(secret, "EXAMPLEKEY"):
		return true
	case !f.placeholders:
		return false
	case isReference(secret):
		return true
	case f.what == "a password in an address":
		_, after, _ := strings.Cut(match, "//")
		user, _, _ := strings.Cut(after, ":")
		return user == secret // the password of a throw-away database
	case f.what == "a secret value":
		return !isRandom(secret)
	}
	return false
}

// isReference reports whether a text takes the place of a secret: ${PASSWORD}, <password>,
// {{ .password }}, ***.
func isReference(text string) bool {
	for _, start := range []string{"$", "<", "{", "%("} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return strings.Contains(text, "${") || strings.Contains(text, "{{") || strings.Trim(text, "*xX.…-_") == ""
}

// minEntropy is the least entropy of a random secret, in bits per character.
const minEntropy = 3.5

// isRandom reports whether a text looks random: letters and digits mixed, and few
// characters repeated. Names and paths are not random.
func isRandom(text string) bool {
	var counts [256]int
	digits, letters := 0, 0
	for i := range len(text) {
		c := text[i]
		counts[c]++
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
		}
	}
	return digits >= 2 && letters >= 2 && !isWords(text) && entropyOf(&counts, len(text)) >= minEntropy
}

// isWords reports whether a text is words and numbers with separators, such as a name or a
// path: oidc/client-secret-2026.
func isWords(text string) bool {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/_.-@:=", r) })
	return len(parts) > 1 && !slices.ContainsFunc(parts, func(part string) bool {
		return strings.Trim(part, "0123456789") != "" && strings.Trim(strings.TrimRight(part, "0123456789"), "abcdefghijklmnopqrstuvwxyz") != ""
	})
}

// entropyOf returns the entropy of n characters, in bits per character.
func entropyOf(counts *[256]int, n int) float64 {
	entropy := 0.0
	for _, count := range counts {
		if count > 0 {
			p := float64(count) / float64(n)
			entropy -= p * math.Log2(p)
		}
	}
	return entropy
}
