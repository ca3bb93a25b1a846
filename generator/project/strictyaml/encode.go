package strictyaml

import (
	"bytes"
	"fmt"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// Encode writes v as YAML: two spaces, fields in the order of the struct, map
// keys sorted. Equal values give equal bytes. Text that is not UTF-8 is
// refused, because Decode would refuse the file.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if bytes.Contains(b.Bytes(), []byte("!!binary ")) {
		if err := refuseBinary(b.Bytes()); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// refuseBinary names the values that yaml.v3 had to write as base64.
func refuseBinary(data []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("read back YAML: %w", err)
	}
	return staging.Invalid("cannot be written as YAML", binaries(&doc, "", nil))
}

func binaries(n *yaml.Node, path string, found []staging.Problem) []staging.Problem {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!binary" {
		return append(found, staging.Problem{Field: path, Message: "is not UTF-8 text"})
	}
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			found = binaries(child, index(path, i), found)
		case n.Kind != yaml.MappingNode:
			found = binaries(child, path, found)
		case i%2 == 1:
			found = binaries(child, join(path, n.Content[i-1].Value), found)
		default:
			found = binaries(child, path, found)
		}
	}
	return found
}
