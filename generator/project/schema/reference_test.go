package schema_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"octopod/generator/project/schema"
)

// node is the part of a JSON Schema that the reference shows.
type node struct {
	Ref         string          `json:"$ref"`
	Type        string          `json:"type"`
	Description string          `json:"description"`
	Enum        []any           `json:"enum"`
	Required    []string        `json:"required"`
	Items       *node           `json:"items"`
	Values      json.RawMessage `json:"additionalProperties"`
	Properties  properties      `json:"properties"`
	Defs        map[string]node `json:"$defs"`
}

// properties keeps the order in which the Go type declares its fields.
type properties []property

type property struct {
	name string
	node
}

func (p *properties) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		field := property{name: fmt.Sprint(key)}
		if err := decoder.Decode(&field.node); err != nil {
			return err
		}
		*p = append(*p, field)
	}
	return nil
}

// The reference of octopod.yaml and staging.yaml is written from the schemas,
// and so from the Go types.
func TestReferenceIsUpToDate(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The files people edit\n\nWritten from the Go types by `make golden`. Editors with a YAML language server show the same while typing.\n")
	for _, file := range []struct {
		title string
		data  []byte
	}{{"octopod.yaml", schema.Project()}, {"envs/&lt;name&gt;/staging.yaml", schema.Staging()}} {
		var root node
		if err := json.Unmarshal(file.data, &root); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n| field | type | |\n| --- | --- | --- |\n", file.title)
		describe(&b, root, root.resolve(root), "")
	}
	b.WriteString(limits)
	const name = "../../../docs/files.md"
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(name)
	if err != nil || string(got) != b.String() {
		t.Errorf("%s is not up to date: run `make golden` (%v)", name, err)
	}
}

// limits is the part of the reference that no type holds.
const limits = `
## Limits

Octopod rejects an action whose texts are longer, and names the field and the limit. A record that is longer already still opens; lists and pages show its
texts shortened.

| text | limit |
| --- | --- |
| title | 200 characters |
| reason, note | 2,000 characters |
| branch, revision, title and author of a pull request | 500 characters; Octopod shortens the title and author that a forge reports |
| addresses of repositories and pull requests | 2,000 characters |
| value of a setting | 32 KiB |

No text contains line breaks or control characters.

## Secrets

Octopod commits no secret: it scans everything that a commit adds (files, names, texts, settings, the commit message) for the forms of about a hundred kinds of
credentials, and rejects a text value for a parameter whose name is that of a secret, such as DB_PASSWORD. The error names the file, the field and the kind,
and never the value. Declare such a parameter as secret-reference, and set it to SECRET/KEY: the name of a Secret in the cluster and a key in it. A secret that the env
repo holds already stops no other change: find such secrets with a scanner of your choice, and revoke them.
`

func describe(b *strings.Builder, root, object node, path string) {
	for _, field := range object.Properties {
		at := path + field.name
		target := root.resolve(field.node)
		need := ""
		if slices.Contains(object.Required, field.name) {
			need = "**required.** "
		}
		text := field.Description
		if text == "" {
			text = target.Description
		}
		fmt.Fprintf(b, "| `%s` | %s | %s%s |\n", at, root.kind(field.node), need, strings.NewReplacer("|", `\|`, "\n", " ").Replace(text))
		switch {
		case len(target.Properties) > 0:
			describe(b, root, target, at+".")
		case target.Type == "array" && target.Items != nil:
			describe(b, root, root.resolve(*target.Items), at+"[].")
		default:
			describe(b, root, root.resolve(target.values()), at+".<name>.")
		}
	}
}

func (n node) resolve(of node) node {
	if name, ok := strings.CutPrefix(of.Ref, "#/$defs/"); ok {
		return n.Defs[name]
	}
	return of
}

// values is the schema of the values of a map.
func (n node) values() node {
	var values node
	if len(n.Values) > 0 && n.Values[0] == '{' {
		_ = json.Unmarshal(n.Values, &values)
	}
	return values
}

func (n node) kind(of node) string {
	of = n.resolve(of)
	switch {
	case len(of.Enum) > 0:
		words := make([]string, len(of.Enum))
		for i, word := range of.Enum {
			words[i] = fmt.Sprint(word)
		}
		return strings.Join(words, ", ")
	case of.Type == "array" && of.Items != nil:
		return "list of " + n.kind(*of.Items)
	case of.Type == "object" && len(of.Properties) == 0:
		return "map"
	case of.Type == "":
		return "any scalar"
	}
	return of.Type
}
