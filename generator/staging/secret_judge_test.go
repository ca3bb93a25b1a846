package staging_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"octopod/generator/staging"
)

// The rules of gitleaks judge the scanner, in this test only: on a corpus of planted secrets
// it finds at least as many as they do. The corpus has the vectors of this package, a random
// secret for each rule of gitleaks, and random values of settings with usual names.
func TestRecallIsNotBelowGitleaks(t *testing.T) {
	judge := readJudge(t)
	corpus := plantedSecrets(t, judge)
	ours, theirs := 0, 0
	var missed []string
	for _, p := range corpus {
		found, judged := len(staging.FindSecrets(p.text)) > 0, judge.finds(p.text)
		if found {
			ours++
		}
		if judged {
			theirs++
		}
		if judged && !found {
			missed = append(missed, p.kind+" "+p.text)
		}
	}
	t.Logf("%d planted secrets: the scanner finds %d, gitleaks %d; only gitleaks: %s", len(corpus), ours, theirs, missed)
	if len(corpus) < 300 || theirs < len(corpus)/2 {
		t.Errorf("the corpus has %d secrets, and gitleaks finds %d", len(corpus), theirs)
	}
	if ours < theirs {
		t.Errorf("the scanner finds %d of %d secrets, gitleaks %d", ours, len(corpus), theirs)
	}
}

// The files that people bring to init hold no secret, and none is found in them.
func TestNoFalseAlarmOnForeignBases(t *testing.T) {
	names, err := filepath.Glob("../testdata/bases/*.txtar")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d bases, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range staging.FindSecrets(string(data)) {
			t.Errorf("%s:%d: %s: %q", name, f.Line, f.What, data[f.Start:f.End])
		}
	}
}

// planted is a line with one secret.
type planted struct{ kind, text string }

func plantedSecrets(t *testing.T, judge *judge) []planted {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var corpus []planted
	for _, v := range secretVectors {
		corpus = append(corpus, planted{v.what, "value: '" + v.secret + "'\n"})
	}
	for i, rule := range judge.Rules {
		tree, err := syntax.Parse(rule.Regex, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if secret := capture(tree, 1); secret != nil && strings.Contains(rule.Regex, `(?:[ \t\w.-]{0,20})`) { // a value beside the name of a service
			suffix := []string{"_API_KEY", "_TOKEN", "_SECRET", "_PASSWORD"}[i%4]
			corpus = append(corpus, planted{rule.ID, strings.ToUpper(rule.Keywords[0]) + suffix + ": '" + sample(random, secret) + "'\n"})
			continue
		}
		corpus = append(corpus, planted{rule.ID, "value: '" + strings.Trim(sample(random, tree), " '\"\n;") + "'\n"})
	}
	alphabets := []string{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789-_"}
	for i, name := range strings.Fields("DB_PASSWORD dbPassword SESSION_SECRET JWT_SECRET ENCRYPTION_KEY encryptionKey WEBHOOK_TOKEN api-key apiToken CLIENT_SECRET clientSecret SIGNING_KEY " +
		"spring.datasource.password SMTP_PASSWD ADMIN_CREDENTIALS REDIS_AUTH_TOKEN MASTER_KEY license_key DEPLOY_TOKEN SECRET_KEY_BASE") {
		for _, alphabet := range alphabets {
			text := make([]byte, 24+i)
			for j := range text {
				text[j] = alphabet[random.IntN(len(alphabet))]
			}
			for _, line := range []string{name + ": " + string(text) + "\n", name + "=" + string(text) + "\n", `{"` + name + `": "` + string(text) + "\"}\n"} {
				corpus = append(corpus, planted{name, line})
			}
		}
	}
	return corpus
}

// capture returns the group with a number.
func capture(re *syntax.Regexp, group int) *syntax.Regexp {
	if re.Op == syntax.OpCapture && re.Cap == group {
		return re
	}
	for _, sub := range re.Sub {
		if found := capture(sub, group); found != nil {
			return found
		}
	}
	return nil
}

// sample returns a random text that an expression matches.
func sample(random *rand.Rand, re *syntax.Regexp) string {
	var b strings.Builder
	switch re.Op {
	case syntax.OpLiteral:
		text := string(re.Rune)
		if re.Flags&syntax.FoldCase != 0 {
			text = strings.ToLower(text)
		}
		b.WriteString(text)
	case syntax.OpCharClass:
		b.WriteRune(sampleClass(random, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpAlternate:
		b.WriteString(sample(random, re.Sub[random.IntN(len(re.Sub))]))
	case syntax.OpPlus, syntax.OpRepeat:
		for range max(1, re.Min) {
			b.WriteString(sample(random, re.Sub[0]))
		}
		if re.Op == syntax.OpRepeat && re.Min == 0 {
			return ""
		}
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			b.WriteString(sample(random, sub))
		}
	}
	return b.String()
}

// sampleClass returns a random printable character of a class, a letter or digit if there is one.
func sampleClass(random *rand.Rand, ranges []rune) rune {
	var all, words []rune
	for c := rune(' '); c < 127; c++ {
		for i := 0; i+1 < len(ranges); i += 2 {
			if c >= ranges[i] && c <= ranges[i+1] {
				all = append(all, c)
				if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
					words = append(words, c)
				}
			}
		}
	}
	if len(words) > 0 {
		all = words
	}
	if len(all) == 0 {
		return ' '
	}
	return all[random.IntN(len(all))]
}

// judge is the rules of gitleaks.
type judge struct {
	Allow, Stopwords []string
	Rules            []judgeRule
}

type judgeRule struct {
	ID, Regex   string
	Entropy     float64
	SecretGroup int
	Keywords    []string
	Allowlists  []struct {
		Regexes, Stopwords []string
		RegexTarget        string
	}
	form *regexp.Regexp
}

func readJudge(t *testing.T) *judge {
	t.Helper()
	data, err := os.ReadFile("testdata/gitleaks.json")
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{}
	if err := json.Unmarshal(data, j); err != nil {
		t.Fatal(err)
	}
	for i := range j.Rules {
		j.Rules[i].form = regexp.MustCompile(j.Rules[i].Regex)
	}
	return j
}

// finds reports whether a rule finds a secret in a text, as gitleaks decides.
func (j *judge) finds(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc(j.Rules, func(r judgeRule) bool {
		if len(r.Keywords) > 0 && !slices.ContainsFunc(r.Keywords, func(word string) bool { return strings.Contains(lower, strings.ToLower(word)) }) {
			return false
		}
		for _, groups := range r.form.FindAllStringSubmatch(text, -1) {
			secret := groups[0]
			for i, group := range groups[1:] {
				if group != "" && (r.SecretGroup == 0 || r.SecretGroup == i+1) {
					secret = group
					break
				}
			}
			if staging.EntropyOf(secret) > r.Entropy && !matchesAny(j.Allow, secret) && !r.allows(groups[0], secret) {
				return true
			}
		}
		return false
	})
}

func (r judgeRule) allows(match, secret string) bool {
	for _, list := range r.Allowlists {
		target := secret
		if list.RegexTarget != "" {
			target = match
		}
		lower := strings.ToLower(secret)
		if matchesAny(list.Regexes, target) || slices.ContainsFunc(list.Stopwords, func(word string) bool { return strings.Contains(lower, word) }) {
			return true
		}
	}
	return false
}

func matchesAny(expressions []string, text string) bool {
	return slices.ContainsFunc(expressions, func(e string) bool { return regexp.MustCompile(e).MatchString(text) })
}
