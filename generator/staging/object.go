package staging

import (
	"regexp"
	"strings"
)

// Object is one rendered Kubernetes object.
type Object struct {
	APIVersion string
	Kind       string
	Namespace  string // "" for cluster-scoped objects, and where the template has none
	Name       string
	JSON       []byte // canonical: keys sorted, no insignificant space
}

// String returns the name of an object as in kubectl: Deployment/backend.
func (o Object) String() string { return o.Kind + "/" + o.Name }

// Group returns the API group of an object; "" for the core group.
func (o Object) Group() string {
	group, _, ok := strings.Cut(o.APIVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// File is one file of the env repo. Path is relative to the root and separated by slashes.
type File struct {
	Path string
	Data []byte
}

// generatedSuffix is the content hash at the end of the name of a Job, or of a generated
// ConfigMap or Secret: of kustomize, ten digits of an alphabet without vowels, or of
// Octopod, ten hexadecimal digits.
var generatedSuffix = regexp.MustCompile(`-([2456789bcdfghkmt]{10}|[0-9a-f]{10})$`)

// StableName returns the name of an object without its content hash, which changes
// with every edit.
func StableName(kind, name string) string {
	if kind != "ConfigMap" && kind != "Secret" && kind != "Job" {
		return name
	}
	return generatedSuffix.ReplaceAllString(name, "")
}
