package web

import (
	"net/http"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// failPage shows an error in plain words, with the next step.
type failPage struct {
	frame
	Heading, Message, Hint string
	Detail                 string // only if the viewer sees detail
	Retry                  bool
	In                     string // URL of the sign-in; empty for a signed-in viewer
	Known                  []link // stagings with a similar name
}

// errorPages holds heading and hint of every error code.
var errorPages = map[staging.Code]struct {
	heading string
	hint    string
	retry   bool
}{
	staging.CodeInvalid:      {"Please check your input", "Go back, correct it, and try again.", false},
	staging.CodeNotFound:     {"Not found", "It may have been deleted, or the address has a typo.", false},
	staging.CodeConflict:     {"Someone else changed this", "Go back, check the new state, and try again.", false},
	staging.CodeBusy:         {"Too many changes at once", "Nothing is lost. Try again in a moment.", true},
	staging.CodeExists:       {"This already exists", "", false},
	staging.CodePinned:       {"Updates are paused", "Resume them first, or ask the person who paused them.", false},
	staging.CodeTimeout:      {"That took too long", "Try again in a moment.", true},
	staging.CodeUnauthorized: {"You are not signed in", "", false},
	staging.CodeForbidden:    {"No access", "Ask an admin if you need access.", false},
	staging.CodeUnavailable:  {"Temporarily unavailable", "Nothing is lost. Try again in a moment.", true},
	staging.CodeInternal:     {"Something went wrong", "The error is on our side and has been logged. Try again, or ask an admin of Octopod.", true},
}

// fail writes the page of an error. The text of an internal error is logged, not
// shown.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, req *projectRequest, err error) {
	if fault := req.projectError(err); fault != nil {
		err = fault
	}
	code := staging.CodeOf(err)
	if code == staging.CodeForbidden || code == staging.CodeUnauthorized {
		s.Refused(r.Context(), err)
	}
	answer, known := errorPages[code]
	status := code.HTTPStatus()
	if !known {
		answer, status = errorPages[staging.CodeInternal], http.StatusInternalServerError
	}
	if status >= http.StatusInternalServerError && r.Context().Err() == nil {
		s.Log.ErrorContext(r.Context(), "a page failed", "path", r.URL.Path, "code", code, "error", err)
	}
	page := failPage{frame: s.frame(r, req, answer.heading, ""), Heading: answer.heading, Hint: answer.hint, Retry: answer.retry}
	if code != staging.CodeInternal {
		page.Message = sentence(messageOf(err))
	}
	if hint := hintFor(err); hint != "" && code != staging.CodeNotFound {
		page.Hint = hint
	}
	if req != nil && req.project != nil && req.shows(project.SectionDetail) {
		page.Detail = err.Error()
	}
	s.writeFailure(w, r, status, page)
}

// projectError replaces an error that was caused by an invalid octopod.yaml: neither
// the form nor the address is wrong. It returns nil for all other errors.
func (req *projectRequest) projectError(err error) error {
	code := staging.CodeOf(err)
	if req == nil || req.stale == nil || code != staging.CodeOf(req.stale) || code == staging.CodeUnavailable {
		return nil
	}
	return staging.Errorf(staging.CodeUnavailable, "the project’s settings cannot be read right now").Because(err).
		WithHint("nothing is lost; if this goes on, ask an admin of these stagings")
}

func (s *Server) writeFailure(w http.ResponseWriter, r *http.Request, status int, page failPage) {
	err := error(nil)
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Retarget", "#problem")
		w.Header().Set("HX-Reswap", "innerHTML")
		err = s.pages.write(w, status, "fail", "note", page)
	} else {
		err = s.pages.show(w, status, "fail", page)
	}
	if err != nil {
		s.Log.ErrorContext(r.Context(), "the page of an error failed", "error", err)
		http.Error(w, http.StatusText(status), status)
	}
}

// Refuse writes the error page of a request that was refused before it reached a
// page.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	answer := errorPages[staging.CodeOf(err)]
	page := failPage{frame: s.frame(r, nil, answer.heading, ""), Heading: answer.heading, Hint: answer.hint}
	if s.SignIn != nil && status == http.StatusUnauthorized {
		page.In = "/signin?next=%2F"
	}
	if staging.CodeOf(err) != staging.CodeInternal {
		page.Message = sentence(messageOf(err))
	} else if status == http.StatusTooManyRequests {
		page.Heading, page.Hint = "Too many requests", "Wait a moment, and try again."
	}
	s.writeFailure(w, r, status, page)
}
