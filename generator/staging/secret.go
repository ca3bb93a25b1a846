package staging

import (
	"regexp"
	"strings"
)

// secretForm is a kind of credential that has an unmistakable form.
type secretForm struct {
	what  string
	hints []string // every match contains one; cheaper than the expression
	form  *regexp.Regexp
}

// secretForms lists the known forms. Passwords have none, so a value without a match
// is not proven harmless.
var secretForms = []secretForm{
	{"a private key", []string{"PRIVATE KEY"}, regexp.MustCompile(`-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----`)},
	{"an AWS access key", []string{"AKIA", "ASIA"}, regexp.MustCompile(`\b(AKIA|ASIA)[A-Z2-7]{16}\b`)},
	{"a GitHub token", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{36}`)},
	{"a GitHub token", []string{"github_pat_"}, regexp.MustCompile(`\bgithub_pat_[A-Za-z0-9_]{40}`)},
	{"a GitLab token", []string{"glpat-", "gldt-", "glrt-"}, regexp.MustCompile(`\bgl(pat|dt|rt)-[A-Za-z0-9_-]{20}`)},
	{"a Slack token", []string{"xox"}, regexp.MustCompile(`\bxox[abeoprs]-[0-9A-Za-z-]{10}`)},
	{"a Slack webhook address", []string{"hooks.slack.com/"}, regexp.MustCompile(`hooks\.slack\.com/services/T\w+/B\w+/\w+`)},
	{"a live Stripe key", []string{"_live_"}, regexp.MustCompile(`\b[sr]k_live_[0-9A-Za-z]{16}`)},
	{"an npm token", []string{"npm_"}, regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`)},
	{"a SendGrid key", []string{"SG."}, regexp.MustCompile(`\bSG\.[\w-]{22}\.[\w-]{43}\b`)},
	{"an API key", []string{"sk-ant-", "sk-proj-"}, regexp.MustCompile(`\bsk-(ant|proj)-[\w-]{20}`)},
}

// DetectSecret reports whether a value is obviously a credential, and which:
// "a private key", "a GitHub token". It never returns any part of the value.
func DetectSecret(value string) (what string, yes bool) {
	for _, s := range secretForms {
		if s.hasHint(value) && s.matches(value) {
			return s.what, true
		}
	}
	return "", false
}

func (s secretForm) hasHint(value string) bool {
	for _, hint := range s.hints {
		if strings.Contains(value, hint) {
			return true
		}
	}
	return false
}

// matches ignores the keys of AWS's documentation, which end in EXAMPLE.
func (s secretForm) matches(value string) bool {
	for _, found := range s.form.FindAllString(value, -1) {
		if !strings.HasSuffix(found, "EXAMPLE") {
			return true
		}
	}
	return false
}

// mask replaces a redacted value.
const mask = "***"

// IsSecretName reports whether the name of a setting suggests that its value is secret.
func IsSecretName(name string) bool {
	upper := strings.ToUpper(name)
	for _, word := range []string{"PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET", "CREDENTIAL", "KEY"} {
		if strings.Contains(upper, word) {
			return true
		}
	}
	return false
}

// RedactValue returns the value of a setting for display: masked if its name or its
// form suggests that it is secret.
func RedactValue(name, value string) string {
	if _, looks := DetectSecret(value); value != "" && (looks || IsSecretName(name)) {
		return mask
	}
	return value
}
