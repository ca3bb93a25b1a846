package render

import (
	"bytes"
	"encoding/json"
	"fmt"

	"octopod/generator/project"
	"octopod/generator/staging"
)

func jsonnetSource(p *project.Project, params staging.Params) ([]staging.File, error) {
	template, err := fromStaging("spec.jsonnet.file", p.Spec.Jsonnet.File)
	if err != nil {
		return nil, err
	}
	data, err := encodeParams(params)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", staging.ParamsFile, err)
	}
	main := fmt.Sprintf("// %s\n(import %s)(import %s)\n",
		generatedNote, jsonnetString(template), jsonnetString(staging.ParamsFile))
	return []staging.File{{Path: staging.MainFile, Data: []byte(main)}, {Path: staging.ParamsFile, Data: data}}, nil
}

// encodeParams encodes an empty object or array instead of null, so that a template need
// not check whether a field exists.
func encodeParams(params staging.Params) ([]byte, error) {
	params.Services = orEmpty(params.Services)
	params.App = orEmpty(params.App)
	params.Secrets = orEmpty(params.Secrets)
	params.Deployment = orEmpty(params.Deployment)
	params.Labels = orEmpty(params.Labels)
	params.Annotations = orEmpty(params.Annotations)
	params.Quota = orEmpty(params.Quota)
	if params.Database != nil {
		database := *params.Database
		database.Objects = append([]any{}, databaseObjects(params)...)
		params.Database = &database
	}
	if params.Additions != nil {
		additions := *params.Additions
		additions.Objects = append([]any{}, addedObjects(params)...)
		params.Additions = &additions
	}
	if params.Asleep == nil {
		params.Asleep = []staging.ArchiveFix{}
	}
	if params.Absent == nil {
		params.Absent = []string{}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(params); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

func jsonnetString(s string) string {
	quoted, _ := json.Marshal(s) // a JSON string is a jsonnet string
	return string(quoted)
}
