package check

import (
	"errors"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/json"
)

func decodeMap(data []byte, m *map[string]any) error {
	if err := json.UnmarshalCaseSensitivePreserveInts(data, m); err != nil || *m == nil {
		return errors.New("its JSON is not an object")
	}
	return nil
}

// convert copies the fields of an untyped value that fit the type of to. It skips
// the others: the schema of a custom kind is unknown.
func convert(value any, to any) {
	if m, ok := value.(map[string]any); ok {
		_ = runtime.DefaultUnstructuredConverter.FromUnstructured(m, to)
	}
}

// nested returns the value at a path in nested maps; nil if a field is missing.
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
