package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"octopod/generator/live"
	"octopod/generator/staging"
)

// Back-off before a broken stream is reopened.
const (
	minBackoff = 500 * time.Millisecond
	maxBackoff = 15 * time.Second
)

// Watch passes the stagings that match a query, and their changes, to handle until
// ctx ends. It reconnects when the server is unavailable.
func (c *Client) Watch(ctx context.Context, q staging.Query, handle func(live.Event)) error {
	f := &watcher{handle: handle, known: map[string]staging.View{}}
	for pause := minBackoff; ; pause = min(2*pause, maxBackoff) {
		answer, err := c.send(ctx, http.MethodGet, "/events", values(q), nil, func(h http.Header) {
			h.Set("Accept", eventStream)
			if f.last != "" {
				h.Set("Last-Event-ID", f.last)
			}
		})
		if err == nil {
			err = f.begin(answer)
		}
		if err == nil {
			err = f.read(answer)
			pause = minBackoff
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !f.connected || !isRetryable(err):
			return c.nameServer(ctx, err)
		}
		f.disconnect(c.nameServer(ctx, err))
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
		}
	}
}

// isRetryable reports whether to reopen the stream.
func isRetryable(err error) bool {
	return errors.As(err, new(noResponseError)) || staging.CodeOf(err) == staging.CodeUnavailable
}

// watcher is one watch across all its reconnects.
type watcher struct {
	handle       func(live.Event)
	last         string // id of the last event
	known        map[string]staging.View
	snapshot     map[string]bool // names received since the last reset; nil after the snapshot is complete
	connected    bool            // a stream was opened once
	disconnected bool            // the server is unavailable
}

func (f *watcher) disconnect(err error) {
	if !f.disconnected {
		f.disconnected = true
		f.handle(live.Event{Kind: live.RepoDown, Err: err})
	}
}

func (f *watcher) reconnect() {
	if f.disconnected {
		f.disconnected = false
		f.handle(live.Event{Kind: live.RepoUp})
	}
}

// begin returns an error unless the response is an event stream. After the first
// stream, the URL is known to be an Octopod server, and errors are retried.
func (f *watcher) begin(answer *http.Response) error {
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != eventStream {
		_ = answer.Body.Close()
		return staging.Errorf(staging.CodeUnavailable, "the server returned %q instead of events", kind).
			WithTechnicalHint("check that --server is the address of an Octopod server")
	}
	f.connected = true
	f.reconnect()
	return nil
}

// read handles the events of one stream until it breaks.
func (f *watcher) read(answer *http.Response) error {
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxBody)
	var id, kind string
	var data []byte
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case lines.Text() == "" && kind != "":
			if err := f.decode(live.EventKind(kind), data); err != nil {
				return err
			}
			if id != "" {
				f.last = id
			}
			id, kind, data = "", "", nil
		case field == "id":
			id = value
		case field == "event":
			kind = value
		case field == "data":
			data = append(data, value...)
		}
	}
	err := lines.Err()
	if err == nil {
		err = errors.New("the stream ended")
	}
	return noResponseError{err}
}

func (f *watcher) decode(kind live.EventKind, data []byte) error {
	n := live.Event{Kind: kind}
	var received struct {
		staging.View
		Fault
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&received); err != nil {
		return noResponseError{err}
	}
	n.Staging = received.View
	if received.Code != "" {
		n.Err = received.err()
	}
	f.pass(n)
	return nil
}

// pass handles an event. After a reset and a complete snapshot, it reports the
// stagings that are gone.
func (f *watcher) pass(n live.Event) {
	name := n.Staging.Metadata.Name
	switch n.Kind {
	case live.Resync:
		f.snapshot = map[string]bool{}
		return
	case live.Modified:
		if f.snapshot != nil {
			f.snapshot[name] = true
		}
		if old, known := f.known[name]; known && reflect.DeepEqual(old, n.Staging) {
			return
		}
		f.known[name] = n.Staging
	case live.Deleted:
		delete(f.known, name)
	case live.Synced:
		if f.snapshot != nil {
			f.forget()
			return
		}
	}
	f.handle(n)
}

func (f *watcher) forget() {
	for name, v := range f.known {
		if !f.snapshot[name] {
			delete(f.known, name)
			f.handle(live.Event{Kind: live.Deleted, Staging: v})
		}
	}
	f.snapshot = nil
}
