package check

import (
	"errors"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/json"
)

func readMap(data []byte, m *map[string]any) error {
	if err := json.UnmarshalCaseSensitivePreserveInts(data, m); err != nil || *m == nil {
		return errors.New("its JSON is broken, or no map of fields")
	}
	return nil
}

// into copies what fits of an untyped value. What does not fit is a custom
// kind's own affair and stays out.
func into(value any, to any) {
	if m, ok := value.(map[string]any); ok {
		_ = runtime.DefaultUnstructuredConverter.FromUnstructured(m, to)
	}
}

// dig goes down untyped maps; nil where the way ends.
func dig(value any, names ...string) any {
	for _, name := range names {
		m, _ := value.(map[string]any)
		value = m[name]
	}
	return value
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
