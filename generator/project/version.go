package project

import (
	"reflect"

	"octopod/generator/staging"
)

// RunsSame reports whether two records of a staging run the same images with the same
// effective settings. It ignores everything else: state, title, expiry, restarts.
func (p *Project) RunsSame(a, b staging.Staging) bool {
	if len(a.Spec.Services) != len(b.Spec.Services) {
		return false
	}
	for name, service := range a.Spec.Services {
		if b.Spec.Services[name].Image != service.Image {
			return false
		}
	}
	return reflect.DeepEqual(p.effective(a), p.effective(b))
}
