package rights

import (
	"fmt"
	"strconv"
	"strings"

	"octopod/generator/staging"
)

// Masks of a secret. One that differs between the two sides says so, as with
// kubectl diff, and nothing else.
const (
	masked       = "***"
	maskedBefore = "*** (before)"
	maskedAfter  = "*** (after)"
)

// Mask hides the secrets of both sides of a comparison, in place, and tells
// whether there were any.
func Mask(before, after map[string]any) bool {
	was, is := secretsOf(before), secretsOf(after)
	hide(was, is, maskedBefore)
	hide(is, was, maskedAfter)
	return len(was)+len(is) > 0
}

// secret is one value to hide, and the place it stands in.
type secret struct {
	text string
	put  func(string)
}

func hide(secrets, others map[string]secret, changed string) {
	for path, s := range secrets {
		if other, both := others[path]; both && other.text != s.text {
			s.put(changed)
		} else {
			s.put(masked)
		}
	}
}

// secretsOf finds every secret of an object by its path.
func secretsOf(object map[string]any) map[string]secret {
	found := map[string]secret{}
	if object["kind"] == "Secret" {
		for _, field := range []string{"data", "stringData"} {
			entries, _ := object[field].(map[string]any)
			for key := range entries {
				found[field+"/"+key] = secret{fmt.Sprint(entries[key]), func(m string) { entries[key] = m }}
			}
		}
	}
	findSecrets(object, "", found)
	return found
}

// findSecrets looks for values under a telling name, as variables of a
// container or as entries of a map, and for text that looks like a credential
// wherever it stands.
func findSecrets(node any, path string, found map[string]secret) {
	switch n := node.(type) {
	case map[string]any:
		if name, ok := n["name"].(string); ok && staging.IsSecretName(name) {
			if value, ok := n["value"].(string); ok && value != "" {
				found[path+"/value"] = secret{value, func(m string) { n["value"] = m }}
			}
		}
		for key, child := range n {
			here := path + "/" + key
			text, isText := child.(string)
			_, looks := staging.DetectSecret(text)
			if isText && (looks || path == "/data" && staging.IsSecretName(key)) {
				found[strings.TrimPrefix(here, "/")] = secret{text, func(m string) { n[key] = m }}
				continue
			}
			findSecrets(child, here, found)
		}
	case []any:
		for i, child := range n {
			here := path + "/" + label(child, i)
			if text, ok := child.(string); ok {
				if _, looks := staging.DetectSecret(text); looks {
					found[here] = secret{text, func(m string) { n[i] = m }}
				}
				continue
			}
			findSecrets(child, here, found)
		}
	}
}

// label names an item of a list, by its name where it has one.
func label(item any, i int) string {
	if fields, ok := item.(map[string]any); ok {
		if name, ok := fields["name"].(string); ok {
			return name
		}
	}
	return strconv.Itoa(i)
}
