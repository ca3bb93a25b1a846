package staging

import "regexp"

var (
	kindAndName = regexp.MustCompile(`\b[A-Z][A-Za-z]+/([a-z0-9.-]+)`)
	technical   = regexp.MustCompile(`(?i)argo|kube|applica|\bpods?\b|object|commit|env repo|manifest|namespace|teardown|record|image|replica|cluster|container`)
)

// Plain gives the reason of a status that people understand who know neither
// git nor Kubernetes, and nothing for one that is not for them.
func (s Status) Plain() string {
	plain := kindAndName.ReplaceAllString(s.Reason, "$1")
	if technical.MatchString(plain) {
		return ""
	}
	return plain
}
