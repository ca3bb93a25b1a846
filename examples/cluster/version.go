package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// module returns what the programs of the version are built from.
func (v Version) module() module {
	if v == V3 {
		// The repo-server of version 3 calls the script also without signatures.
		files := crdFiles()
		files["hack/git-verify-wrapper.sh"] = "git-verify-wrapper.sh"
		return module{
			folder: "argocd3", into: v.folder(), ldflags: "-X github.com/argoproj/argo-cd/v3/common.version=3.5.7",
			programs: map[string]string{"cmd": "argocd"}, owner: "github.com/argoproj/argo-cd/v3", data: files,
		}
	}
	return module{
		folder: "argocd", ldflags: "-X github.com/argoproj/argo-cd/v2/common.version=2.14.21",
		programs: map[string]string{"cmd": "argocd"}, owner: "github.com/argoproj/argo-cd/v2", data: crdFiles(),
	}
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

// linkParts links Argo CD's single program under the names of its parts: the
// program name selects the part.
func linkParts(bin string) error {
	for _, part := range argocdParts() {
		err := os.Symlink("argocd", filepath.Join(bin, string(part)))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
