package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"

	"octopod/generator/project"
)

//go:embed ui
var ui embed.FS

// pages are the templates: one set for each page, with layout and parts.
type pages struct{ sets map[string]*template.Template }

func loadPages() (*pages, error) {
	base, err := template.New("").Funcs(template.FuncMap{"tag": tag, "initials": initials, "asset": asset, "short": short, "lines": lines}).
		ParseFS(ui, "ui/layout.html", "ui/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the parts of the pages: %w", err)
	}
	files, err := fs.Glob(ui, "ui/pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("listing the pages: %w", err)
	}
	p := &pages{sets: map[string]*template.Template{}}
	for _, file := range files {
		set, err := base.Clone()
		if err == nil {
			_, err = set.ParseFS(ui, file)
		}
		if err != nil {
			return nil, fmt.Errorf("reading page %s: %w", file, err)
		}
		p.sets[strings.TrimSuffix(path.Base(file), ".html")] = set
	}
	return p, nil
}

// show writes a whole page; nothing is sent unless all of it could be made.
func (p *pages) show(w http.ResponseWriter, status int, page string, data any) error {
	return p.write(w, status, page, "layout", data)
}

// fragment writes one part of a page, for htmx to put in its place.
func (p *pages) fragment(w http.ResponseWriter, page, part string, data any) error {
	return p.write(w, http.StatusOK, page, part, data)
}

func (p *pages) write(w http.ResponseWriter, status int, page, part string, data any) error {
	var out bytes.Buffer
	if err := p.render(&out, page, part, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the browser may be gone
	return nil
}

func (p *pages) render(out *bytes.Buffer, page, part string, data any) error {
	set := p.sets[page]
	if set == nil {
		return fmt.Errorf("there is no page %q", page)
	}
	if err := set.ExecuteTemplate(out, part, data); err != nil {
		return fmt.Errorf("making page %s: %w", page, err)
	}
	return nil
}

// frame is what every page has around its content.
type frame struct {
	Title    string // of the page
	Product  string
	Project  string // path of the project; empty outside of one
	Logo     bool
	Here     string // which entry of the navigation this page is
	Viewer   Viewer
	Role     project.Role
	SignIn   *SignIn
	CanWrite bool
	// Activity and the like are linked only where they may be seen.
	Activity bool
	Stale    bool
	Notice   string // what was just done
	Path     string // of this page, to come back to
	Several  bool   // there are other projects
}

func (s *Server) frame(r *http.Request, req *projectRequest, title, here string) frame {
	f := frame{Title: title, Product: "Octopod", Here: here, SignIn: s.SignIn, Path: r.URL.RequestURI(), Several: len(s.Projects) > 1}
	if req == nil || req.project == nil {
		return f
	}
	f.Product, f.Project, f.Logo = req.project.Spec.UI.Title, "/"+req.Name, req.project.Spec.UI.Logo != ""
	f.Viewer, f.Role, f.CanWrite, f.Stale = req.viewer, req.role, req.canWrite(), req.stale != nil
	f.Activity = req.shows(project.SectionActivity)
	f.Notice = noticeOf(r.URL.Query().Get("done"))
	return f
}

// asset is the address of a file that every page uses. It holds the sum of the
// content, so that a browser keeps it until it is another.
func asset(name string) (string, error) {
	data, err := ui.ReadFile("ui/assets/" + name)
	if err != nil {
		return "", fmt.Errorf("reading the asset %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	return "/assets/" + name + "?" + hex.EncodeToString(sum[:6]), nil
}

// assets serves the style sheet and the scripts.
func assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("file")
		data, err := ui.ReadFile("ui/assets/" + name)
		if errors.Is(err, fs.ErrNotExist) {
			http.NotFound(w, r)
			return
		}
		kinds := map[string]string{".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
		kind := kinds[path.Ext(name)]
		if kind == "" {
			kind = "text/plain"
		}
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // the address holds the content's sum
		_, _ = w.Write(data)
	})
}

// compressed sends what is worth it in gzip. Speed is worth more than the last
// percent: a list of 1,000 stagings is mostly repetition.
func compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.MinSize(1<<10))
	if err != nil { // only for options that do not exist
		return next
	}
	return wrap(next)
}
