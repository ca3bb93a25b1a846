package gitstore

import "strings"

// pathProblem returns why git, or a work tree on some operating system, cannot
// hold a path. It returns "" for a valid path.
func pathProblem(p string) string {
	switch {
	case p == "":
		return "the path is empty"
	case len(p) > 4096:
		return "the path is too long"
	case strings.ContainsAny(p, "\\"):
		return "the path contains a backslash"
	}
	for part := range strings.SplitSeq(p, "/") {
		bare := strings.TrimRight(part, ". ")
		switch {
		case part == "":
			return "the path has an empty part between slashes"
		case part == "." || part == "..":
			return "the path has a . or .. part"
		case strings.EqualFold(bare, ".git"), strings.EqualFold(bare, "git~1"):
			return "the path leads into git's own directory"
		case strings.ContainsFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return "the path contains a control character"
		}
	}
	return ""
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
