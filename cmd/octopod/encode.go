package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// encode prints a value as JSON, as YAML with -o yaml, or the fields that
// -o jsonpath=… selects.
func (c *cli) encode(v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // addresses stay readable
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	text := b.Bytes()
	if c.settings.jsonPath != nil {
		found, err := c.settings.jsonPath.find(text)
		c.stdout.printf("%s", found)
		return err
	}
	if c.settings.output == "yaml" {
		var err error
		if text, err = yaml.JSONToYAML(text); err != nil {
			return fmt.Errorf("encoding the result: %w", err)
		}
	}
	c.stdout.printf("%s", text)
	return nil
}
