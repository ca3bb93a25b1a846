package render

import (
	"bytes"
	"encoding/json"

	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

// Parse reads back what Manifests wrote. The file is named in errors.
func Parse(file string, data []byte) ([]staging.Object, error) {
	var objects []staging.Object
	for doc := range bytes.SplitSeq(data, []byte("\n---\n")) {
		text, err := yaml.YAMLToJSONStrict(doc)
		if err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "%s is no YAML", file).Because(err)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "%s is no YAML", file).Because(err)
		}
		if objects, err = flatten(value, file, objects); err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "%s holds what is no object", file).Because(err)
		}
	}
	return objects, nil
}
