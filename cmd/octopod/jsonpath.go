package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

// jsonPathPrefix begins an output format with a JSONPath template, as in kubectl:
// -o jsonpath='{.status.url}'.
const jsonPathPrefix = "jsonpath="

// jsonPathFilter selects parts of a JSON document.
type jsonPathFilter struct{ path *jsonpath.JSONPath }

// parseJSONPath parses a template in kubectl's syntax. A template without braces is
// a path: .status.url, status.url.
func parseJSONPath(template string) (*jsonPathFilter, error) {
	if template != "" && !strings.Contains(template, "{") {
		template = "{." + strings.TrimPrefix(template, ".") + "}"
	}
	path := jsonpath.New("output").AllowMissingKeys(true)
	if err := path.Parse(template); err != nil {
		return nil, fmt.Errorf("cannot parse the template %s: %w; write for example %s'{.status.url}'", template, err, jsonPathPrefix)
	}
	if template == "" {
		return nil, fmt.Errorf("the template is empty; write for example %s'{.status.url}'", jsonPathPrefix)
	}
	return &jsonPathFilter{path}, nil
}

// find returns the selected text, without a line break at its end.
func (p *jsonPathFilter) find(document []byte) (string, error) {
	var value any
	if err := json.Unmarshal(document, &value); err != nil {
		return "", fmt.Errorf("reading the result: %w", err)
	}
	var out bytes.Buffer
	if err := p.path.Execute(&out, value); err != nil {
		return "", fmt.Errorf("applying the JSONPath template: %w", err)
	}
	return out.String(), nil
}
