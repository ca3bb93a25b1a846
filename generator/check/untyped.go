package check

import (
	"errors"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/json"
)

func decodeMap(data []byte, m *map[string]any) error {
	if err := json.UnmarshalCaseSensitivePreserveInts(data, m); err != nil || *m == nil {
		return errors.New("its JSON is broken, or no map of fields")
	}
	return nil
}

// convert copies what fits of an untyped value. What does not fit is a custom
// kind's own affair and stays out.
func convert(value any, to any) {
	if m, ok := value.(map[string]any); ok {
		_ = runtime.DefaultUnstructuredConverter.FromUnstructured(m, to)
	}
}

// nested goes down untyped maps; nil where the way ends.
func nested(value any, names ...string) any {
	for _, name := range names {
		m, _ := value.(map[string]any)
		value = m[name]
	}
	return value
}

func asList(value any) []any {
	l, _ := value.([]any)
	return l
}

func asString(value any) string {
	s, _ := value.(string)
	return s
}
