package project

import (
	"path"
	"strings"
)

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
