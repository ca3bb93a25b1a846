package rights

import (
	"fmt"
	"strconv"
	"strings"

	"octopod/generator/staging"
)

// Masks of a secret. As in kubectl diff, they show whether it differs between the sides.
const (
	masked       = "***"
	maskedBefore = "*** (before)"
	maskedAfter  = "*** (after)"
)

// Mask masks the secrets on both sides of a comparison in place, and reports whether
// there were any.
func Mask(before, after map[string]any) bool {
	was, is := secretsOf(before), secretsOf(after)
	hide(was, is, maskedBefore)
	hide(is, was, maskedAfter)
	return len(was)+len(is) > 0
}

// secret is a value to mask and how to replace it.
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

// secretsOf returns the secrets of an object by path.
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

// findSecrets finds values with a name like a secret, in variables of containers and in
// entries of maps, and text that looks like a credential anywhere.
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

// label returns the name of a list item, or its index.
func label(item any, i int) string {
	if fields, ok := item.(map[string]any); ok {
		if name, ok := fields["name"].(string); ok {
			return name
		}
	}
	return strconv.Itoa(i)
}
