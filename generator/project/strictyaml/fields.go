package strictyaml

import (
	"reflect"
	"strings"
)

// tag is the yaml tag of a struct field, parsed as in yaml.v3.
type tag struct {
	name      string // "" if the field does not exist in YAML
	omitEmpty bool
	inline    bool
}

func tagOf(field reflect.StructField) tag {
	name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
	if name == "-" || !field.IsExported() {
		return tag{}
	}
	if name == "" {
		name = strings.ToLower(field.Name)
	}
	options = "," + options + ","
	return tag{name, strings.Contains(options, ",omitempty,"), strings.Contains(options, ",inline,")}
}

// fields holds the fields of a struct by the names in their yaml tags.
type fields struct {
	names []string // in the order of the struct
	types map[string]reflect.Type
	rest  reflect.Type // element type of an inlined map, which allows every name
}

func fieldsOf(t reflect.Type) fields {
	f := fields{types: make(map[string]reflect.Type, t.NumField())}
	f.collect(t)
	return f
}

func (f *fields) collect(t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		switch tag := tagOf(field); {
		case tag.name == "":
		case tag.inline && field.Type.Kind() == reflect.Map:
			f.rest = field.Type.Elem()
		case tag.inline:
			f.collect(field.Type)
		default:
			f.names = append(f.names, tag.name)
			f.types[tag.name] = field.Type
		}
	}
}
