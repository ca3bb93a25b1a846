package helm

import (
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
)

// notes returns what a person must know about a chart in a staging, beside its hooks.
func (r rendering) notes(p prepared) []string {
	var notes []string
	if crds := crdsOf(p.Chart); len(crds) > 0 {
		notes = append(notes, "the chart has CustomResourceDefinitions, which belong to the cluster, not to a staging: install them once, with `kubectl apply --server-side -f` ("+strings.Join(crds, ", ")+")")
	}
	if usesFunction(p.Chart, "lookup") {
		notes = append(notes, "a template uses lookup, which finds nothing outside a cluster, as in `helm template`")
	}
	return notes
}

// crdsOf returns the files in crds/ of a chart and its subcharts, as paths in the chart.
func crdsOf(c *chart.Chart) []string {
	var files []string
	for _, crd := range c.CRDObjects() {
		files = append(files, strings.TrimPrefix(path.Clean(crd.Filename), c.Name()+"/"))
	}
	slices.Sort(files)
	return slices.Compact(files)
}
