package check

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/project/strictyaml"
)

// required rejects an empty value.
func (c check) required(value string, path *field.Path) bool {
	if value == "" {
		c.reject(path, "is missing")
	}
	return value != ""
}

// label rejects a name that is not a DNS label, such as of a container or volume.
func (c check) label(value string, path *field.Path) {
	if !c.required(value, path) {
		return
	}
	if faults := validation.IsDNS1123Label(value); len(faults) > 0 {
		c.reject(path, "%q is not a valid name: %s", truncate(value), shortReason(faults))
	}
}

// between rejects a number outside a range.
func between[N cmp.Ordered](c check, value, least, most N, path *field.Path) {
	if value < least || value > most {
		c.reject(path, "is %v, must be between %v and %v", value, least, most)
	}
}

// atLeast rejects a number that is set and too small.
func atLeast[N cmp.Ordered](c check, value *N, least N, path *field.Path) {
	if value != nil && *value < least {
		c.reject(path, "is %v, must be at least %v", *value, least)
	}
}

// oneOf rejects a value that is set and not allowed.
func oneOf[S ~string](c check, value S, path *field.Path, allowed ...S) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	known := make([]string, len(allowed))
	for i, s := range allowed {
		known[i] = string(s)
	}
	hint := ""
	if near := strictyaml.Closest(string(value), known); near != "" {
		hint = "; did you mean " + near + "?"
	}
	c.reject(path, "is %s, must be one of %s%s", truncate(string(value)), join(known), hint)
}

// unique rejects the second of two equal values.
type unique map[string]bool

func (u unique) add(c check, value string, path *field.Path) {
	if value != "" && u[value] {
		c.reject(path, "%s is used twice", value)
	}
	u[value] = true
}

// positive rejects a size that is missing or not above zero.
func positive(c check, q resource.Quantity, path *field.Path) {
	if q.Sign() <= 0 {
		c.reject(path, "is %s, must be a size above 0", q.String())
	}
}

func portName(c check, name string, path *field.Path) {
	if faults := validation.IsValidPortName(name); len(faults) > 0 {
		c.reject(path, "%q is not a valid port name: it %s", truncate(name), shortReason(faults))
	}
}

func protocol(c check, p corev1.Protocol, at *field.Path) {
	oneOf(c, p, at.Child("protocol"), corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)
}
