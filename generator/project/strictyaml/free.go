package strictyaml

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// Free is a value of any shape: maps, lists and single values in each other, such as the
// values of a Helm chart. A null counts.
type Free any

var freeType = reflect.TypeFor[Free]()

// free checks a value of any shape.
func (w *walker) free(n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.MappingNode:
		w.mapping(n, reflect.TypeFor[map[string]Free](), path)
	case yaml.SequenceNode:
		w.list(n, reflect.TypeFor[[]Free](), path)
	default:
		if n.Style&quoted == 0 && n.ShortTag() == "!!float" && !decimal(n.Value) {
			return
		}
		w.scalar(n, freeType, path)
	}
}
