package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"octopod/generator/live"
	"octopod/generator/staging"
)

// eventStream is the media type of events.
const eventStream = "text/event-stream"

// writeTimeout limits each write to a stream; a client that does not read is dropped.
const writeTimeout = 10 * time.Second

type eventsInput struct {
	ProjectPath
	SelectorQuery
	Last string `header:"Last-Event-ID" doc:"The last received event: the stream continues after it"`
}

func (s *server) addEvents(api huma.API, path string) {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[staging.View](), true, "View")
	answers := failures(api)
	answers["200"] = &huma.Response{Description: "An endless stream of events", Content: map[string]*huma.MediaType{eventStream: {Schema: schema}}}
	huma.Register(api, huma.Operation{
		OperationID: "watch-stagings", Method: http.MethodGet, Path: Path + path, Summary: "Every staging that matches a query, then every change",
		Description: "Server-sent events: changed and gone with a staging; complete after the initial list; " +
			"stale, fresh (the env repo), away, back (Argo CD); reset when all earlier events are void.",
		Tags: []string{tagStagings}, Responses: answers,
	}, s.events)
}

func (s *server) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	q, err := in.SelectorQuery.query()
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	after, _ := strconv.ParseUint(in.Last, 10, 64) // an invalid number starts from the beginning
	life, end := context.WithCancel(ctx)
	next, err := a.Subscribe(life, q, after)
	if err != nil {
		end()
		return nil, s.problem(ctx, err)
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		defer end()
		_, w := humago.Unwrap(h)
		s.stream(life, w, next)
	}}, nil
}

// stream writes events until the client disconnects or the context ends.
func (s *server) stream(ctx context.Context, w http.ResponseWriter, next func(context.Context) (live.Update, error)) {
	header := w.Header()
	header.Set("Content-Type", eventStream)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	write := func(format string, args ...any) error {
		if err := out.SetWriteDeadline(s.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		return out.Flush()
	}
	err := write("retry: 1000\n\n")
	for err == nil {
		patience, cancel := context.WithTimeout(ctx, s.Heartbeat)
		var u live.Update
		u, err = next(patience)
		cancel()
		switch {
		case err == nil:
			err = write("%s", encodeEvent(u))
		case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			err = write(":\n\n")
		}
	}
}

// encodeEvent formats an update as a server-sent event.
func encodeEvent(u live.Update) string {
	data := []byte("{}")
	switch {
	case u.Kind == live.Modified || u.Kind == live.Deleted:
		data, _ = json.Marshal(u.Staging) // it came from YAML and git
	case u.Err != nil:
		data, _ = json.Marshal(faultOf(u.Err))
	}
	id := ""
	if u.Sequence > 0 {
		id = fmt.Sprintf("id: %d\n", u.Sequence)
	}
	return fmt.Sprintf("%sevent: %s\ndata: %s\n\n", id, u.Kind, data)
}
