package web

import (
	"net/http"
	"strings"

	"octopod/generator/project"
)

// filesPage shows the files of one staging in the env repo.
type filesPage struct {
	frame
	Name, Page string
	Revision   string
	Files      []file
}

type file struct{ Path, Text string }

type diffLine struct{ Kind, Text string } // add, del, at, same

func (req *projectRequest) showsFiles() bool { return req.shows(project.SectionFiles) }

func (s *Server) files(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	name, revision := r.PathValue("name"), r.URL.Query().Get("at")
	page := filesPage{frame: s.frame(r, req, "Files of "+name, "list"), Name: name, Page: req.stagingPath(name, ""), Revision: revision}
	files, err := req.Access.Files(r.Context(), name, revision)
	if err != nil {
		return err
	}
	for _, f := range files {
		page.Files = append(page.Files, file{f.Path, string(f.Data)})
	}
	return s.pages.show(w, http.StatusOK, "files", page)
}

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
