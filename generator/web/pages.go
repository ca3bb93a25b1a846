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
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

//go:embed ui
var ui embed.FS

// pages holds one template set per page, each with layout and parts.
type pages struct{ sets map[string]*template.Template }

func loadPages() (*pages, error) {
	base, err := template.New("").Funcs(template.FuncMap{"tag": tag, "initials": initials, "asset": asset, "short": short, "lines": lines, "moment": func(t time.Time) timestamp { return timestamp{t} }}).
		ParseFS(ui, "ui/layout.html", "ui/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the template parts: %w", err)
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

// show writes a whole page, and spends its notice. It writes nothing if the template
// fails.
func (p *pages) show(w http.ResponseWriter, status int, page string, data any) error {
	if noted, ok := data.(interface{ spend() *http.Cookie }); ok {
		if spent := noted.spend(); spent != nil {
			http.SetCookie(w, spent)
		}
	}
	return p.write(w, status, page, "layout", data)
}

// fragment writes one part of a page for htmx.
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
	_, _ = w.Write(out.Bytes()) // the client may have disconnected
	return nil
}

func (p *pages) render(out *bytes.Buffer, page, part string, data any) error {
	set := p.sets[page]
	if set == nil {
		return fmt.Errorf("page %q not found", page)
	}
	if err := set.ExecuteTemplate(out, part, data); err != nil {
		return fmt.Errorf("rendering page %s: %w", page, err)
	}
	return nil
}

// asset returns the URL of an asset. It contains the hash of the content, so that
// browsers can cache the asset forever.
func asset(name string) (string, error) {
	data, err := ui.ReadFile("ui/assets/" + name)
	if err != nil {
		return "", fmt.Errorf("reading the asset %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	return "/assets/" + name + "?" + hex.EncodeToString(sum[:6]), nil
}

// assets serves style sheet, scripts and icon.
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
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // the URL contains the hash
		_, _ = w.Write(data)
	})
}

// compressed compresses responses with gzip. The fastest level suffices: a list of
// 1,000 stagings is mostly repetition.
func compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.MinSize(1<<10))
	if err != nil { // only for invalid options
		return next
	}
	return wrap(next)
}
