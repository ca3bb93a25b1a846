package cluster

import (
	"fmt"
)

// Version is a version of Argo CD; "" is V2.
type Version string

// The versions. Each is a module of its own, because their dependencies conflict.
const (
	V2 Version = "v2" // 2.14.21
	V3 Version = "v3" // 3.5.7
)

func (v Version) check() error {
	if v != "" && v != V2 && v != V3 {
		return fmt.Errorf("there is no version %q of Argo CD here: choose %s or %s", string(v), V2, V3)
	}
	return nil
}

// folder returns the folder of the programs of the version, below that of all programs.
func (v Version) folder() string {
	if v == V3 {
		return "argocd3"
	}
	return ""
}

// crds lists the files of Argo CD's custom resource definitions.
func crds() map[string]string {
	return map[string]string{
		"application-crd.yaml":    "applications.argoproj.io",
		"applicationset-crd.yaml": "applicationsets.argoproj.io",
		"appproject-crd.yaml":     "appprojects.argoproj.io",
	}
}

func crdFiles() map[string]string {
	files := map[string]string{}
	for file := range crds() {
		files["manifests/crds/"+file] = file
	}
	return files
}
