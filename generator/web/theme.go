package web

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"

	"octopod/generator/staging"
)

// theme serves the project's colours as a style sheet: the content security policy
// forbids inline styles.
func (s *Server) theme(w http.ResponseWriter, _ *http.Request, req *projectRequest) error {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=60")
	_, _ = w.Write([]byte(themeOf(req.project.Spec.UI.Accent))) // the client may have disconnected
	return nil
}

// themeOf returns the CSS of the accent colour for light and dark pages. Text in and
// on the accent has a contrast of at least 4.5 to 1 (WCAG 2.2).
func themeOf(accent string) string {
	base, ok := parseColour(accent)
	if !ok {
		return ""
	}
	rule := func(c colour) string {
		on := white
		if contrast(c, white) < contrast(c, black) {
			on = black
		}
		return fmt.Sprintf(":root{--accent:%s;--on-accent:%s}", c, on)
	}
	return rule(base.against(lightPage, black)) + "@media (prefers-color-scheme:dark){" + rule(base.against(darkPage, white)) + "}"
}

// colour holds red, green and blue, each from 0 to 255.
type colour [3]float64

var (
	white, black        = colour{255, 255, 255}, colour{0, 0, 0}
	lightPage, darkPage = colour{240, 241, 244}, colour{38, 41, 50} // the least favourable backgrounds of the style sheet
)

func parseColour(text string) (colour, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 16, 32)
	if err != nil || len(text) != 7 {
		return colour{}, false
	}
	return colour{float64(n >> 16 & 255), float64(n >> 8 & 255), float64(n & 255)}, true
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(c[0]), int(c[1]), int(c[2]))
}

// against mixes a colour with another until it is readable on a background.
func (c colour) against(background, towards colour) colour {
	const readable, step = 4.6, 0.04
	for range 25 {
		if contrast(c, background) >= readable {
			break
		}
		for i := range c {
			c[i] = math.Round(c[i] + (towards[i]-c[i])*step + math.Copysign(0.5, towards[i]-c[i]))
			c[i] = min(max(c[i], 0), 255)
		}
	}
	return c
}

// contrast returns the contrast ratio of two colours (WCAG).
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func (c colour) luminance() float64 {
	var l float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := c[i] / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}

// logo serves the project's logo from the env repo. An SVG that is opened directly is
// a document: the policy forbids scripts and requests.
func (s *Server) logo(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	file := req.project.Spec.UI.Logo
	if file == "" {
		return staging.Errorf(staging.CodeNotFound, "the project has no logo")
	}
	logo, err := req.Logo(r.Context())
	if err != nil {
		return err
	}
	if len(logo.Data) > maxForm {
		return staging.Errorf(staging.CodeNotFound, "the project's logo was not found")
	}
	kind := "image/svg+xml"
	if strings.EqualFold(path.Ext(file), ".png") {
		kind = "image/png"
		if !bytes.HasPrefix(logo.Data, []byte("\x89PNG")) {
			return staging.Errorf(staging.CodeNotFound, "the project's logo is not a PNG file")
		}
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("Cache-Control", "private, max-age=600")
	_, _ = w.Write(logo.Data) // the client may have disconnected
	return nil
}
