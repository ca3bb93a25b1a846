package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

// list is several things as programs read them.
type list[T any] struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Items      []T    `json:"items"`
}

func listOf[T any](kind string, items []T) list[T] {
	if items == nil {
		items = []T{} // [] and never null
	}
	return list[T]{staging.APIVersion, kind + "List", items}
}

// encode prints a value as JSON or, with -o yaml, as the same in YAML.
func (c *cli) encode(v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // addresses stay readable
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	text := b.Bytes()
	if c.settings.output == "yaml" {
		var err error
		if text, err = yaml.JSONToYAML(text); err != nil {
			return fmt.Errorf("encoding the result: %w", err)
		}
	}
	c.out.printf("%s", text)
	return nil
}
