package web

import "net/http"

// filesPage shows the files of one staging in the env repo.
type filesPage struct {
	frame
	Name, Page string
	Revision   string
	Files      []file
}

type file struct{ Path, Text string }

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
