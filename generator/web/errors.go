package web

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// failPage says in plain words what went wrong, and what to do next.
type failPage struct {
	frame
	Heading, Message, Hint string
	Detail                 string // for those who are shown it
	Retry                  bool
	In                     string // address of the way in, for who is not signed in
	Known                  []link // stagings of almost this name
}

// errorPages are the pages of errors.
var errorPages = map[staging.Code]struct {
	heading string
	hint    string
	retry   bool
}{
	staging.CodeInvalid:      {"That does not fit", "Go back, change it, and try again.", false},
	staging.CodeNotFound:     {"Nothing here", "It may have been deleted, or the address is mistyped.", false},
	staging.CodeConflict:     {"Somebody else was first", "Go back and look at it again.", false},
	staging.CodeExists:       {"That exists already", "", false},
	staging.CodePinned:       {"It is pinned", "Unpin it first, or ask who pinned it.", false},
	staging.CodeTimeout:      {"That took too long", "Try again in a moment.", true},
	staging.CodeUnauthorized: {"Please sign in", "", false},
	staging.CodeForbidden:    {"Not for you", "Ask who looks after these stagings if you think that it should be.", false},
	staging.CodeUnavailable:  {"Not to be reached just now", "Nothing is lost. Try again in a moment.", true},
	staging.CodeInternal:     {"That went wrong here", "It is not your fault, and it has been noted. Try again, or tell who looks after Octopod.", true},
}

// fail writes the page of an error. The text of a foreign error is for the log
// alone.
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

// projectError is an error that comes of a fault of octopod.yaml: no form is
// wrong then, and no address mistyped. It is nil for all others.
func (req *projectRequest) projectError(err error) error {
	code := staging.CodeOf(err)
	if req == nil || req.stale == nil || code != staging.CodeOf(req.stale) || code == staging.CodeUnavailable {
		return nil
	}
	return staging.Errorf(staging.CodeUnavailable, "the project's own file cannot be read just now").Because(err).
		WithHint("nothing is lost; if it lasts, tell who looks after these stagings")
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

// Refuse answers what was refused before it came to a page, in the same look.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	answer := errorPages[staging.CodeOf(err)]
	page := failPage{frame: s.frame(r, nil, answer.heading, ""), Heading: answer.heading, Hint: answer.hint}
	if s.SignIn != nil && status == http.StatusUnauthorized {
		page.In = "/signin?next=%2F"
	}
	if staging.CodeOf(err) != staging.CodeInternal {
		page.Message = sentence(messageOf(err))
	} else if status == http.StatusTooManyRequests {
		page.Heading, page.Hint = "Too much at once", "Wait a moment, and try again."
	}
	s.writeFailure(w, r, status, page)
}

// signPage is the page to sign in at, and that after signing out.
type signPage struct {
	frame
	URL string
	Out bool
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	page := signPage{frame: s.frame(r, nil, "Sign in", "")}
	if s.SignIn == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	page.URL = s.SignIn.In + "?" + url.Values{"next": {r.URL.Query().Get("next")}}.Encode() // the sign-in checks where it leads
	s.showPlain(w, r, "signin", page)
}

func (s *Server) signedOut(w http.ResponseWriter, r *http.Request) {
	page := signPage{frame: s.frame(r, nil, "Signed out", ""), Out: true, URL: "/"}
	s.showPlain(w, r, "signin", page)
}

// chooserPage lists the projects that the viewer may see.
type chooserPage struct {
	frame
	Projects []link
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	if len(s.Projects) == 0 && s.Loading {
		s.fail(w, r, nil, staging.Errorf(staging.CodeUnavailable, "octopod has just started, and has not read everything yet"))
		return
	}
	if len(s.Projects) == 1 && !s.Loading {
		http.Redirect(w, r, "/"+s.Projects[0].Name+"/", http.StatusFound)
		return
	}
	page := chooserPage{frame: s.frame(r, nil, "Projects", "")}
	for _, p := range s.Projects {
		rules, _, err := s.projects[p.Name].currentProject(r.Context())
		if err == nil && s.Viewer(r).role(rules).Includes(project.RoleViewer) {
			page.Projects = append(page.Projects, link{rules.Spec.UI.Title, "/" + p.Name + "/"})
		}
	}
	s.showPlain(w, r, "chooser", page)
}

// showPlain shows a page outside of any project.
func (s *Server) showPlain(w http.ResponseWriter, r *http.Request, name string, page any) {
	if err := s.pages.show(w, http.StatusOK, name, page); err != nil {
		s.fail(w, r, nil, err)
	}
}

// messageOf is what an error says, without its causes.
func messageOf(err error) string {
	var known *staging.Error
	if !errors.As(err, &known) {
		return "something went wrong"
	}
	if len(known.Problems) == 1 && known.Message == "" {
		return known.Problems[0].Message
	}
	return known.Message
}

var command = regexp.MustCompile("`octopod |--[a-z]|octopod\\.yaml|naming\\.|OCTOPOD_|spec\\.")

// hintFor gives the hint of an error, unless it is about the command line or
// about files.
func hintFor(err error) string {
	hint := staging.HintOf(err)
	if command.MatchString(hint) {
		return ""
	}
	return sentence(hint)
}

// sentence makes a message one: a capital in front, a full stop behind.
func sentence(message string) string {
	if message == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(message)
	return strings.TrimRight(string(unicode.ToUpper(first))+message[size:], ".:") + "."
}
