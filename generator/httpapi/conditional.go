package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// conditional adds an ETag to the answers of reads, answers 304 to a client that has the
// present one, and compresses answers. Event streams pass through.
func conditional(next http.Handler) http.Handler {
	compressed, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.MinSize(1<<10))
	if err != nil { // only for invalid options
		compressed = func(h http.Handler) http.HandlerFunc { return h.ServeHTTP }
	}
	reads, writes := compressed(tagged(next)), compressed(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, eventsPath):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			reads.ServeHTTP(w, r)
		default:
			writes.ServeHTTP(w, r)
		}
	})
}

// tagged adds the ETag of the whole answer, because the status of a staging changes
// without its record.
func tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldResponse{ResponseWriter: w, status: http.StatusOK, body: bodies.Get().(*bytes.Buffer)}
		defer held.release()
		next.ServeHTTP(held, r)
		if held.status == http.StatusOK {
			tag := entityTag(w.Header().Get("ETag"), held.body.Bytes())
			w.Header().Set("ETag", tag)
			if hasTag(r.Header.Values("If-None-Match"), tag) {
				w.Header().Del("Content-Type")
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		w.WriteHeader(held.status)
		_, _ = w.Write(held.body.Bytes()) // the client may have disconnected
	})
}

// heldResponse holds a response back until it is complete.
type heldResponse struct {
	http.ResponseWriter
	status int
	body   *bytes.Buffer
}

// bodies are the buffers of answers, to use again: the list of thousands of stagings has some MB.
var bodies = sync.Pool{New: func() any { return &bytes.Buffer{} }}

func (h *heldResponse) release() {
	h.body.Reset()
	bodies.Put(h.body)
}

func (h *heldResponse) WriteHeader(status int) { h.status = status }

func (h *heldResponse) Write(data []byte) (int, error) { return h.body.Write(data) }

// entityTag returns the ETag of an answer. That of a staging begins with the version of
// its record, which If-Match compares.
func entityTag(record string, body []byte) string {
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:8])
	if record == "" {
		return `W/"` + digest + `"`
	}
	return strings.TrimSuffix(record, `"`) + "-" + digest + `"`
}

// recordVersion returns the version of a record in the value of If-Match; "" for any.
func recordVersion(ifMatch string) string {
	version, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(ifMatch, "W/"), `"`), "-")
	if version == "*" {
		return ""
	}
	return version
}

// hasTag reports whether an If-None-Match header has a tag. The comparison is weak.
func hasTag(values []string, tag string) bool {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
