package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"octopod/generator"
	"octopod/generator/live"
	"octopod/generator/staging"
)

const (
	// maxStreamTime limits a stream, so that roles and sign-ins are checked again.
	// The browser reconnects and continues.
	maxStreamTime = 15 * time.Minute
	// heartbeat keeps proxies from closing a quiet stream.
	heartbeat = 20 * time.Second
	// writeTimeout limits the time to send one event.
	writeTimeout = 10 * time.Second
)

// stream sends updates to one open page.
type stream struct {
	*Server
	*projectRequest
	w       http.ResponseWriter
	control *http.ResponseController
	// the page shows one staging, or the results of a query
	name     string
	question listQuery
	search   search
	by       viewerOfList
	counts   string        // the filters with their counts, as last sent
	stale    bool          // a row changed since
	version  string        // of the one staging, as shown on the page
	phase    staging.Phase // of the one staging, as last sent; "" before
}

// events streams the updates of a page. It starts after the sequence number in the
// URL, or after the last event that the browser received.
func (s *Server) events(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	values := r.URL.Query()
	after, _ := strconv.ParseUint(values.Get("after"), 10, 64)
	if last, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		after = last
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxStreamTime)
	defer cancel()
	if !req.viewer.Until.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, req.viewer.Until)
		defer cancel()
	}
	next, err := req.Follow(ctx, max(after, 1)) // 0 would send all stagings again
	if err != nil {
		return err
	}
	q := parseListQuery(values, values.Has("archived"))
	page := &stream{
		Server: s, projectRequest: req, w: w, control: http.NewResponseController(w),
		name: values.Get("name"), version: values.Get("version"), question: q, search: newSearch(q.Query),
	}
	if page.name == "" {
		page.by = *req.listViewer(r.Context())
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if page.send("", 0, "") == nil {
		page.run(ctx, next)
	}
	return nil
}

// countDelay is how long a list waits for further changes before it counts again.
const countDelay = 300 * time.Millisecond

// run sends updates until the browser disconnects or the stream expires.
func (p *stream) run(ctx context.Context, next func(context.Context) (generator.Update, error)) {
	for ctx.Err() == nil {
		patience := heartbeat
		if p.stale {
			patience = countDelay
		}
		beat, cancel := context.WithTimeout(ctx, patience)
		update, err := next(beat)
		cancel()
		switch {
		case err == nil:
			err = p.sendUpdate(update)
		case ctx.Err() != nil:
		case p.stale:
			err = p.sendCounts(ctx)
		default:
			err = p.send("beat", 0, "")
		}
		if err != nil {
			return
		}
	}
}

// errStreamDone ends a stream after a reset.
var errStreamDone = errors.New("the page reloads")

// sendUpdate sends the effect of an update on the page.
func (p *stream) sendUpdate(u generator.Update) error {
	switch u.Kind {
	case live.Resync:
		// The page reloads and opens another stream.
		return cmp.Or(p.send("reset", 0, ""), errStreamDone)
	case live.RepoDown, live.RepoUp, live.ArgoDown, live.ArgoUp:
		return p.sendFragment("fresh", u.Sequence, "list", "freshness", p.freshness(p.Freshness()))
	case live.Modified, live.Deleted:
		if p.name == "" {
			p.stale = true
			return p.sendRow(u)
		}
		if p.name == u.Name {
			return p.sendStatus(u)
		}
	}
	return nil
}

func (p *stream) sendRow(u generator.Update) error {
	if u.Kind == live.Modified {
		r := p.cachedRow(u.Entry)
		hits, _ := p.question.hits(r, &p.by, p.search)
		if hits.all() && r.Archived == p.question.Archived {
			html, err := p.rowHTML(r, p.search)
			if err != nil {
				return err
			}
			return p.send("row", u.Sequence, string(html))
		}
	}
	return p.send("gone", u.Sequence, u.Name)
}

// sendCounts sends the filters when their counts changed.
func (p *stream) sendCounts(ctx context.Context) error {
	p.stale, p.by = false, *p.listViewer(ctx)
	entries, _ := p.Entries()
	_, counts := selectRows(p.listOf(entries), p.question, &p.by, p.search)
	path := p.path("")
	if p.question.Archived {
		path = p.path("archived")
	}
	var out bytes.Buffer
	if err := p.pages.render(&out, "list", "filters", newFilters(path, p.question, counts)); err != nil {
		return err
	}
	if was := p.counts; was == out.String() {
		return nil
	}
	p.counts = out.String()
	return p.send("filters", 0, p.counts)
}

func (p *stream) sendStatus(u generator.Update) error {
	if u.Kind == live.Deleted {
		return p.send("gone", u.Sequence, p.name)
	}
	view := p.View(u.Entry)
	if version := view.Version; version != p.version {
		p.version = version
		return p.send("changed", u.Sequence, "")
	}
	was := p.phase
	p.phase = view.Status.Phase
	if err := p.sendFragment("status", u.Sequence, "staging", "status", p.statusOf(view)); err != nil {
		return err
	}
	if was != p.phase && (was == staging.PhaseRunning || p.phase == staging.PhaseRunning) { // the duration in the history, and whether it can be tested
		return p.send("ran", u.Sequence, "")
	}
	return nil
}

func (p *stream) sendFragment(event string, id uint64, page, part string, data any) error {
	var out bytes.Buffer
	if err := p.pages.render(&out, page, part, data); err != nil {
		return err
	}
	return p.send(event, id, out.String())
}

// send writes one event, or a comment without a name. A slow client times out.
func (p *stream) send(event string, id uint64, data string) error {
	var out bytes.Buffer // one write per event: hundreds of pages may be open
	out.Grow(len(data) + len(data)/4 + 64)
	switch {
	case event == "":
		out.WriteString(": connected\n")
	default:
		fmt.Fprintf(&out, "event: %s\n", event)
	}
	if id != 0 {
		fmt.Fprintf(&out, "id: %d\n", id)
	}
	if event != "" {
		for line := range strings.SplitSeq(strings.TrimSpace(data), "\n") {
			out.WriteString("data: ")
			out.WriteString(strings.TrimSpace(line))
			out.WriteByte('\n')
		}
	}
	out.WriteString("\n")
	_ = p.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // without support, the server's own timeout applies
	if _, err := p.w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("sending an event: %w", err)
	}
	if err := p.control.Flush(); err != nil {
		return fmt.Errorf("sending an event: %w", err)
	}
	return nil
}
