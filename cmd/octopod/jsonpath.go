package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

// jsonPathPrefix begins a form of results that picks something of them, as kubectl
// does: -o jsonpath='{.status.url}'.
const jsonPathPrefix = "jsonpath="

// jsonPathFilter picks something of a JSON document.
type jsonPathFilter struct{ path *jsonpath.JSONPath }

// parseJSONPath reads a template of kubectl's kind. One without braces is a path:
// .status.url, status.url.
func parseJSONPath(template string) (*jsonPathFilter, error) {
	if template != "" && !strings.Contains(template, "{") {
		template = "{." + strings.TrimPrefix(template, ".") + "}"
	}
	path := jsonpath.New("output").AllowMissingKeys(true)
	if err := path.Parse(template); err != nil {
		return nil, fmt.Errorf("the template %s cannot be read: %w; write for example %s'{.status.url}'", template, err, jsonPathPrefix)
	}
	if template == "" {
		return nil, fmt.Errorf("there is no template; write for example %s'{.status.url}'", jsonPathPrefix)
	}
	return &jsonPathFilter{path}, nil
}

// find gives what is picked, as it stands: without a line end of its own.
func (p *jsonPathFilter) find(document []byte) (string, error) {
	var value any
	if err := json.Unmarshal(document, &value); err != nil {
		return "", fmt.Errorf("reading the result: %w", err)
	}
	var out bytes.Buffer
	if err := p.path.Execute(&out, value); err != nil {
		return "", fmt.Errorf("picking of the result: %w", err)
	}
	return out.String(), nil
}
