package adopt

import (
	"regexp"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// address matches an address inside a cluster: a Service and a namespace.
var address = regexp.MustCompile(`\b([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.svc\b`)

// readNamespaces finds the namespaces of the base. Every staging has its own namespace, so
// it notes what the namespaces separate and the addresses that name one.
func (d *Draft) readNamespaces(objects []staging.Object) {
	for _, o := range objects {
		if o.Namespace != "" && !slices.Contains(d.namespaces, o.Namespace) {
			d.namespaces = append(d.namespaces, o.Namespace)
		}
	}
	slices.Sort(d.namespaces)
	if len(d.namespaces) > 1 {
		d.note("the base has objects in the namespaces %s: in a staging, all of them are in its one namespace", strings.Join(d.namespaces, ", "))
	}
	for _, o := range objects {
		for _, found := range addressesIn(objects, o) {
			d.note("%s contains the address %s, which leads every staging out of its own namespace: write the name of the Service alone, if it is part of the staging", o, found)
		}
	}
}

// addressesIn lists the addresses in an object that name a namespace: addresses with .svc,
// and the Services of the base with their namespaces.
func addressesIn(objects []staging.Object, o staging.Object) []string {
	text := string(o.JSON)
	found := address.FindAllString(text, -1)
	for _, other := range objects {
		if other.Kind != "Service" || other.Namespace == "" {
			continue
		}
		name := regexp.QuoteMeta(other.Name + "." + other.Namespace)
		for _, m := range regexp.MustCompile(`(?:^|[^\w.-])(`+name+`)(?:[^\w.-]|$)`).FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
