package render_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"octopod/generator/render"
)

func TestRequiredArguments(t *testing.T) {
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"function.jsonnet": `local x = 1; (function(image, replicas=x, host) [image, host])`,
		"defaults.jsonnet": `function(image='a') [image]`,
		"object.jsonnet":   `{ f(image):: image }`,
		"syntax.jsonnet":   `function(`,
		"app/import.jsonnet": `local unused = 1;
import '../function.jsonnet'`,
		"loop.jsonnet": `import 'loop.jsonnet'`,
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for file, want := range map[string][]string{
		"function.jsonnet": {"image", "host"}, "app/import.jsonnet": {"image", "host"},
		"defaults.jsonnet": nil, "object.jsonnet": nil, "syntax.jsonnet": nil, "loop.jsonnet": nil, "missing.jsonnet": nil,
	} {
		if got := render.RequiredArguments(tree, file); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
}
