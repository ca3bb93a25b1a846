package render

import (
	"strings"

	"octopod/generator/staging"
)

// replacement copies a value of ConfigMap octopod into fields of other objects.
type replacement struct {
	Source  replacementSource   `yaml:"source"`
	Targets []replacementTarget `yaml:"targets"`
}

type replacementSource struct {
	Kind      string `yaml:"kind"`
	Name      string `yaml:"name"`
	FieldPath string `yaml:"fieldPath"`
}

type replacementTarget struct {
	Select     overlayTarget `yaml:"select"`
	FieldPaths []string      `yaml:"fieldPaths"`
}

// settingKey is the key of a setting in ConfigMap octopod.
func settingKey(name string) string { return "setting-" + name }

// replacements sets fields by their path. A patch cannot: it names the elements of a list
// by position.
func replacements(fields []staging.FieldValue) []replacement {
	var list []replacement
	for _, f := range fields {
		list = append(list, replacement{
			Source: replacementSource{Kind: "ConfigMap", Name: "octopod", FieldPath: "data." + bracketed(settingKey(f.Setting))},
			Targets: []replacementTarget{{
				Select: overlayTarget{Kind: f.Kind, Name: f.Name}, FieldPaths: []string{staging.ExactFieldPath(f.Field)},
			}},
		})
	}
	return list
}

// bracketed returns a key as one step of a path.
func bracketed(key string) string {
	if strings.Contains(key, ".") {
		return "[" + key + "]"
	}
	return key
}
