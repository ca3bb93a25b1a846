package strictyaml

import (
	"reflect"
	"strings"
)

// fields is what a struct can be given, by the names in its yaml tags.
type fields struct {
	names []string // in the order of the struct
	types map[string]reflect.Type
	rest  reflect.Type // element type of an inlined map: then every name is known
}

// fieldsOf reads the yaml tags of a struct the way yaml.v3 does.
func fieldsOf(t reflect.Type) fields {
	f := fields{types: make(map[string]reflect.Type, t.NumField())}
	f.collect(t)
	return f
}

func (f *fields) collect(t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case !field.IsExported() && !field.Anonymous, name == "-":
		case strings.Contains(","+options+",", ",inline,"):
			f.inline(field.Type)
		default:
			if name == "" {
				name = strings.ToLower(field.Name)
			}
			f.names = append(f.names, name)
			f.types[name] = field.Type
		}
	}
}

func (f *fields) inline(t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		f.collect(t)
	case reflect.Map:
		f.rest = t.Elem()
	}
}
