package staging

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLabel is the length limit of an RFC 1123 label, and so of a Kubernetes
// namespace and of one part of a host name.
const MaxLabel = 63

// maxBranch is what forges accept: 255 bytes with "refs/heads/" in front.
const maxBranch = 255 - len("refs/heads/")

// hashDigits is how much of sha256(branch) tells two names apart.
const hashDigits = 6

// Naming is a project's rule for names.
type Naming struct {
	StripPrefixes []string // the first that matches is cut off the branch: feature/
	Budget        int      // most characters a name may have, so that every derived name fits
	Reserved      []string // names that no staging may have: www
}

// ParseBranch checks a branch name by git's own rules (git check-ref-format) and
// returns it without refs/heads/. It is the only such check in Octopod.
func ParseBranch(given string) (string, error) {
	branch := strings.TrimPrefix(given, "refs/heads/")
	if why := branchFault(branch); why != "" {
		return "", Errorf(CodeInvalid, "branch %q is no git branch name: %s", short(given), why).
			WithHint("give the branch as `git branch` prints it, for example feature/login")
	}
	return branch, nil
}

// branchFault says which rule of git check-ref-format a name breaks.
func branchFault(b string) string {
	switch {
	case b == "":
		return "it is empty"
	case len(b) > maxBranch:
		return fmt.Sprintf("it has %d bytes, forges accept %d", len(b), maxBranch)
	case !utf8.ValidString(b):
		return "it is not UTF-8"
	case strings.HasPrefix(b, "-"):
		return "it begins with a dash"
	case strings.HasPrefix(b, "refs/"):
		return "only refs/heads/… is a branch"
	case strings.HasPrefix(b, "/") || strings.HasSuffix(b, "/") || strings.Contains(b, "//"):
		return "it has an empty part between slashes"
	case strings.Contains(b, ".."):
		return "it contains two dots in a row"
	case strings.Contains(b, "@{") || b == "@":
		return "git reads @ and @{ as something else"
	case strings.HasSuffix(b, "."):
		return "it ends in a dot"
	}
	for part := range strings.SplitSeq(b, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return "a part begins with a dot or ends in .lock"
		}
	}
	if i := strings.IndexFunc(b, func(r rune) bool {
		return unicode.IsControl(r) || strings.ContainsRune(" ~^:?*[\\", r)
	}); i >= 0 {
		r, _ := utf8.DecodeRuneInString(b[i:])
		return fmt.Sprintf("it contains %q", r)
	}
	return ""
}

// NameOf derives the name of a branch's staging. It ends in six digits of
// sha256(branch) when letters or digits were lost, when it had to be cut or
// when it is reserved; the plain form is otherwise kept for people.
func (n Naming) NameOf(branch string) string {
	slug, lossy := n.slug(branch)
	if lossy || len(slug) > n.Budget || n.reserved(slug) {
		return n.hashed(slug, branch)
	}
	return slug
}

// HashedNameOf gives the form with the hash: for a newcomer whose plain name
// belongs to another branch already.
func (n Naming) HashedNameOf(branch string) string {
	slug, _ := n.slug(branch)
	return n.hashed(slug, branch)
}

// slug maps a branch to lower case with single dashes and a letter in front,
// and says whether letters or digits were lost on the way.
func (n Naming) slug(branch string) (slug string, lossy bool) {
	for _, p := range n.StripPrefixes {
		if rest, ok := strings.CutPrefix(branch, p); ok && rest != "" {
			branch = rest
			break
		}
	}
	var b strings.Builder
	for _, r := range strings.ToLower(branch) {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			b.WriteRune(r)
		default:
			lossy = lossy || unicode.IsLetter(r) || unicode.IsDigit(r)
			if !strings.HasSuffix(b.String(), "-") {
				b.WriteByte('-')
			}
		}
	}
	slug = strings.Trim(b.String(), "-")
	switch {
	case slug == "":
		return "s", true
	case slug[0] <= '9':
		slug = "s-" + slug
	}
	return slug, lossy
}

func (n Naming) hashed(slug, branch string) string {
	sum := sha256.Sum256([]byte(branch))
	tail := "-" + hex.EncodeToString(sum[:])[:hashDigits]
	head := slug[:min(len(slug), n.Budget-len(tail))]
	return strings.TrimRight(head, "-") + tail
}

// Check refuses a name that a person typed and no staging can have.
func (n Naming) Check(name string) error {
	switch {
	case len(name) > n.Budget:
		return Errorf(CodeInvalid, "the name %q has %d characters, this project allows %d", short(name), len(name), n.Budget).
			WithHint("hosts and namespaces are made from it and may have %d; take a shorter one", MaxLabel)
	case !IsLabel(name):
		return Errorf(CodeInvalid, "%q is no staging name", short(name)).
			WithHint("use lower-case letters, digits and single dashes, with a letter first: feature-login")
	case n.reserved(name):
		return Errorf(CodeInvalid, "the name %q is reserved by the project", name).
			WithHint("octopod.yaml lists reserved names under naming.reserved")
	}
	return nil
}

func (n Naming) reserved(name string) bool { return slices.Contains(n.Reserved, name) }

// IsLabel tells whether s is an RFC 1123 label with a letter in front, as a
// Kubernetes Service name needs (RFC 1035) and a namespace accepts.
func IsLabel(s string) bool {
	if s == "" || len(s) > MaxLabel || s[0] < 'a' || s[0] > 'z' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// short cuts what a message quotes.
func short(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
