package main

import (
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
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	if c.settings.output == "yaml" {
		if text, err = yaml.JSONToYAML(text); err != nil {
			return fmt.Errorf("encoding the result: %w", err)
		}
		c.out.printf("%s", text)
		return nil
	}
	c.out.printf("%s\n", text)
	return nil
}
