package web

import "strings"

type diffLine struct{ Kind, Text string } // add, del, at, same

// lines splits a unified diff into classified lines.
func lines(unified string) []diffLine {
	var lines []diffLine
	for i, line := range strings.Split(strings.TrimSuffix(unified, "\n"), "\n") {
		kind := "same"
		switch {
		case i < 2: // the names of the files
			continue
		case strings.HasPrefix(line, "@@"):
			kind = "at"
		case strings.HasPrefix(line, "+"):
			kind = "add"
		case strings.HasPrefix(line, "-"):
			kind = "del"
		}
		lines = append(lines, diffLine{kind, line})
	}
	return lines
}
