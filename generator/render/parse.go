package render

import (
	"bytes"
	"encoding/json"

	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

// Parse decodes the output of Manifests. Errors name the file.
func Parse(file string, data []byte) ([]staging.Object, error) {
	var objects []staging.Object
	for doc := range bytes.SplitSeq(data, []byte("\n---\n")) {
		text, err := yaml.YAMLToJSONStrict(doc)
		if err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "%s is not valid YAML", file).Because(err)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "%s is not valid YAML", file).Because(err)
		}
		if objects, err = flatten(value, file, objects); err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "%s contains an entry that is not an object", file).Because(err)
		}
	}
	return objects, nil
}
