package project

import (
	"maps"
	"path"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// TemplateRoots lists the directories at the root of the env repo that Argo CD reads to
// render a staging, beside the staging's own. They are whole directories: a base may refer
// to its neighbors. With output rendered there are none.
func (p *Project) TemplateRoots() []string {
	roots := map[string]bool{}
	add := func(names ...string) {
		for _, name := range names {
			if top, _, _ := strings.Cut(path.Clean(name), "/"); top != "." && top != staging.EnvsDir {
				roots[top] = true
			}
		}
	}
	switch {
	case p.Spec.Output == OutputRendered:
	case p.Spec.Engine == EngineJsonnet:
		add(p.Spec.Jsonnet.File)
		add(p.Spec.Jsonnet.Libraries...)
	default:
		add(p.Spec.Kustomize.Base, p.Spec.Lifecycle.Teardown) // charts are rendered into the staging's directory
		add(p.Spec.Kustomize.Components...)
		for _, parameter := range p.Spec.Parameters {
			for _, to := range parameter.targets() {
				add(slices.Collect(maps.Values(to.Component))...)
			}
		}
	}
	return sortedKeys(roots)
}

// checkPath rejects a path that is not inside the env repo, or not in its simplest form.
func checkPath(c *problems, field, dir string) {
	if dir == "" || path.IsAbs(dir) || path.Clean(dir) != dir || dir == ".." || strings.HasPrefix(dir, "../") || dir == "." {
		c.add(field, "%q is not a path in the env repo: write it relative to the root, for example templates/shop", dir)
	}
}

// checkPointer rejects a text that is not an RFC 6901 pointer into an object.
func checkPointer(c *problems, field, pointer string) {
	if !strings.HasPrefix(pointer, "/") {
		c.add(field, "%q is not a JSON pointer: write /spec/replicas", pointer)
	}
}
