package staging

import (
	"errors"
	"regexp"
	"strings"
)

// FieldStep is one step of a field path: a key of an object, or, with a value, the
// element of a list that has this value at the key. With a value, the key may be empty:
// the element itself is the value.
type FieldStep struct{ Key, Value string }

// ParseFieldPath parses a path to a field, in the notation of kustomize's replacements:
// keys separated by dots, and [key=value] for an element of a list. A key with dots
// is in brackets. https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/replacements/
func ParseFieldPath(path string) ([]FieldStep, error) {
	var steps []FieldStep
	for rest, more := path, true; more; {
		var step string
		if strings.HasPrefix(rest, "[") {
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, errors.New("a bracket is open")
			}
			step, rest = rest[1:end], rest[end+1:]
			if more = rest != ""; more && rest[0] != '.' {
				return nil, errors.New("after a bracket comes a dot")
			}
			rest = strings.TrimPrefix(rest, ".")
			key, value, _ := strings.Cut(step, "=")
			steps = append(steps, FieldStep{key, value})
		} else {
			step, rest, more = strings.Cut(rest, ".")
			steps = append(steps, FieldStep{Key: step})
		}
		if last := steps[len(steps)-1]; last == (FieldStep{}) || strings.ContainsAny(step, "[]") {
			return nil, errors.New("a step is empty or has a bracket")
		}
	}
	return steps, nil
}

// ExactFieldPath returns a field path for kustomize. The value of a step becomes a regular
// expression that matches this value only, as YAML writes it: perhaps in quotes. It has
// no dots, because kustomize splits at them and takes away a backslash before one.
func ExactFieldPath(field string) string {
	steps, err := ParseFieldPath(field)
	if err != nil {
		return field // kustomize reports it
	}
	var path []string
	for _, s := range steps {
		switch {
		case s.Value != "":
			path = append(path, "["+s.Key+"="+exact(s.Value)+"]")
		case strings.Contains(s.Key, "."):
			path = append(path, "["+s.Key+"]")
		default:
			path = append(path, s.Key)
		}
	}
	return strings.Join(path, ".")
}

func exact(value string) string {
	return `^["']?` + strings.ReplaceAll(regexp.QuoteMeta(value), `\.`, `\x2e`) + `["']?$`
}
