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

// Pauses before a stream that broke is opened again.
const (
	minBackoff = 500 * time.Millisecond
	maxBackoff = 15 * time.Second
)

// Watch tells what a query chooses and how it changes, for as long as ctx lasts.
// It survives that the server is away.
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

// isRetryable tells whether a stream is worth opening again.
func isRetryable(err error) bool {
	return errors.As(err, new(noResponseError)) || staging.CodeOf(err) == staging.CodeUnavailable
}

// watcher is one watch over as many streams as it takes.
type watcher struct {
	handle       func(live.Event)
	last         string // id of the last event
	known        map[string]staging.View
	snapshot     map[string]bool // what was told since everything was void; nil when nothing is
	connected    bool            // there was a stream
	disconnected bool            // the server
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

// begin returns an error unless the answer is a stream of events. From the first
// stream on, the address is that of an Octopod server, and worth coming back to.
func (f *watcher) begin(answer *http.Response) error {
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != eventStream {
		_ = answer.Body.Close()
		return staging.Errorf(staging.CodeUnavailable, "the server answers with %q and not with events", kind).
			WithHint("is --server the address of an Octopod server?")
	}
	f.connected = true
	f.reconnect()
	return nil
}

// read takes the events of one stream until it breaks.
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
	var told struct {
		staging.View
		Fault
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&told); err != nil {
		return noResponseError{err}
	}
	n.Staging = told.View
	if told.Code != "" {
		n.Err = told.err()
	}
	f.pass(n)
	return nil
}

// pass passes news on. After everything was told anew it says what is gone.
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
