package check

import (
	"encoding/base64"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/json"

	"octopod/generator/project/strictyaml"
)

// KubernetesVersion is the version whose fields the rule schema knows: that of k8s.io/api.
const KubernetesVersion = "1.31"

// explain turns the errors of strict decoding into faults. The decoder stops at the
// first wrong type and suggests no names, so explain walks the value again. Only
// broken objects cost this time.
func (d *object) explain(strict []error, err error) {
	var value map[string]any
	if d.err = decodeMap(d.JSON, &value); d.err != nil {
		return
	}
	if err != nil {
		// Decoding may have ended anywhere: other rules must not report the fields
		// that it did not reach as missing.
		d.raw = value
		d.meta.Name, d.meta.Namespace = asString(nested(value, "metadata", "name")), asString(nested(value, "metadata", "namespace"))
	}
	d.faults = mismatches(value, reflect.TypeOf(d.typed), "")
	for _, e := range strict { // the walk cannot find duplicate keys
		var f json.FieldError
		if errors.As(e, &f) && strings.HasPrefix(e.Error(), "duplicate") {
			d.faults = append(d.faults, fault{f.FieldPath(), "is set twice"})
		}
	}
	if len(d.faults) == 0 {
		d.faults = []fault{{"", errors.Join(append(strict, err)...).Error()}}
	}
}

var unmarshaler = reflect.TypeFor[stdjson.Unmarshaler]()

// mismatches compares a JSON value with a Go type.
func mismatches(value any, t reflect.Type, at string) []fault {
	if value == nil {
		return nil // null counts as absent
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(unmarshaler) {
		return unmarshalMismatch(value, t, at)
	}
	switch v := value.(type) {
	case map[string]any:
		switch t.Kind() {
		case reflect.Struct:
			return structMismatches(v, t, at)
		case reflect.Map:
			return mapMismatches(v, t.Elem(), at)
		}
	case []any:
		if t.Kind() == reflect.Slice && !isBytes(t) {
			return listMismatches(v, t.Elem(), at)
		}
	default:
		if fits(value, t) {
			return nil
		}
	}
	if t.Kind() == reflect.Interface {
		return nil
	}
	return []fault{{at, typeMessage(value, t)}}
}

func structMismatches(value map[string]any, t reflect.Type, at string) []fault {
	var faults []fault
	names, types := jsonFields(t)
	for _, name := range sortedKeys(value) {
		path := name
		if at != "" {
			path = at + "." + name
		}
		if field, ok := types[name]; ok {
			faults = append(faults, mismatches(value[name], field, path)...)
			continue
		}
		message := "is an unknown field of Kubernetes " + KubernetesVersion
		if near := strictyaml.Closest(name, names); near != "" {
			message += "; did you mean " + near + "?"
		}
		faults = append(faults, fault{path, message})
	}
	return faults
}

func mapMismatches(value map[string]any, elem reflect.Type, at string) []fault {
	var faults []fault
	for _, key := range sortedKeys(value) {
		faults = append(faults, mismatches(value[key], elem, at+"["+key+"]")...)
	}
	return faults
}

func listMismatches(value []any, elem reflect.Type, at string) []fault {
	var faults []fault
	for i, item := range value {
		faults = append(faults, mismatches(item, elem, fmt.Sprintf("%s[%d]", at, i))...)
	}
	return faults
}

// unmarshalMismatch compares a value with a type that has its own UnmarshalJSON.
func unmarshalMismatch(value any, t reflect.Type, at string) []fault {
	text, err := stdjson.Marshal(value)
	if err == nil {
		err = stdjson.Unmarshal(text, reflect.New(t).Interface())
	}
	switch {
	case err == nil:
		return nil
	case t == reflect.TypeFor[resource.Quantity]():
		return []fault{{at, fmt.Sprintf("%s is not a quantity: write it like 500m, 2 or 1Gi", truncate(string(text)))}}
	case t == reflect.TypeFor[intstr.IntOrString]():
		return []fault{{at, fmt.Sprintf("%s is neither a whole number nor text", truncate(string(text)))}}
	case t == reflect.TypeFor[metav1.Time](), t == reflect.TypeFor[metav1.MicroTime]():
		return []fault{{at, fmt.Sprintf("%s is not a time: write it like 2026-12-01T00:00:00Z", truncate(string(text)))}}
	}
	return []fault{{at, fmt.Sprintf("%s is not valid: %v", truncate(string(text)), err)}}
}

func fits(value any, t reflect.Type) bool {
	switch v := value.(type) {
	case string:
		return t.Kind() == reflect.String || isBytes(t) && isBase64(v)
	case bool:
		return t.Kind() == reflect.Bool
	case int64:
		return t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 && !overflows(v, t)
	case float64:
		return t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64
	}
	return false
}

// isBytes reports whether JSON encodes a type as base64.
func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

func overflows(n int64, t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return reflect.Zero(t).OverflowInt(n)
	case reflect.Float32, reflect.Float64:
		return false
	}
	return n < 0 || reflect.Zero(t).OverflowUint(uint64(n))
}

// typeMessage describes the type of a value and the expected one.
func typeMessage(value any, t reflect.Type) string {
	want := expectedType(t)
	switch v := value.(type) {
	case map[string]any:
		return "is a map, must be " + want
	case []any:
		return "is a list, must be " + want
	case string:
		var bare any
		if json.UnmarshalCaseSensitivePreserveInts([]byte(v), &bare) == nil && bare != nil && fits(bare, t) {
			return "is text, must be " + want + ": remove the quotes"
		}
		return "is text, must be " + want
	case int64:
		if want == "a whole number" {
			return fmt.Sprintf("is %d, which is out of range", v)
		}
	}
	if want == "text" {
		want += ": write it in quotes"
	}
	return fmt.Sprintf("is %v, must be %s", value, want)
}

func expectedType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "a map"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice:
		if isBytes(t) {
			return "base64"
		}
		return "a list"
	}
	return "a whole number"
}

// jsonFields returns the fields of a Kubernetes type by their names in JSON.
func jsonFields(t reflect.Type) (names []string, types map[string]reflect.Type) {
	types = make(map[string]reflect.Type, t.NumField())
	var collect func(t reflect.Type)
	collect = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case name == "-" || !f.IsExported():
			case name == "" && f.Anonymous:
				collect(f.Type)
			default:
				names, types[name] = append(names, name), f.Type
			}
		}
	}
	collect(t)
	return names, types
}
