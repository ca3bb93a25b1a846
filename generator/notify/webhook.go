package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"octopod/generator/staging"
)

// EventType is the prefix of every event's type: dev.octopod.staging.running.
const EventType = "dev.octopod.staging."

// webhook sends CloudEvents 1.0 in structured mode. Standard Webhooks signatures let
// a receiver reject forged and replayed events.
//
//	https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
//	https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
type webhook struct {
	address, source string
	key             *standardwebhooks.Webhook // nil for no signature
	client          *http.Client
}

// event is a CloudEvent.
type event struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Data        eventData `json:"data"`
}

// eventData is the data of a CloudEvent.
type eventData struct {
	Project  string        `json:"project"`
	Occasion string        `json:"occasion"`
	Again    bool          `json:"again,omitempty"`
	Text     string        `json:"text"`
	By       string        `json:"by,omitempty"`     // author of the last change
	Change   string        `json:"change,omitempty"` // its subject
	Page     string        `json:"page,omitempty"`
	Staging  *staging.View `json:"staging"`
}

func newWebhook(o Options) (Sink, error) {
	w := &webhook{address: o.URL, source: o.Source, client: newClient()}
	if o.Key == "" {
		return w, nil
	}
	key, err := standardwebhooks.NewWebhook(o.Key)
	if err != nil {
		return nil, fmt.Errorf("the key is not whsec_ and bytes in base64: create one with: echo whsec_$(openssl rand -base64 32)")
	}
	w.key = key
	return w, nil
}

// Send implements Sink.
func (w *webhook) Send(ctx context.Context, n Notice) error {
	data, err := json.Marshal(event{
		SpecVersion: "1.0", ID: n.ID, Source: w.source + "/" + n.Project, Type: EventType + string(n.Event.On), Subject: n.Staging.Metadata.Name,
		Time: n.At.UTC(), ContentType: "application/json",
		Data: eventData{n.Project, string(n.Event.On), n.Event.Again, n.Headline + ". " + n.Sentence, n.By, n.Change, n.Page, n.Staging},
	})
	if err != nil {
		return fmt.Errorf("cannot encode the event: %w", err)
	}
	header := http.Header{"Content-Type": {"application/cloudevents+json; charset=UTF-8"}}
	if w.key != nil {
		now := time.Now()
		signature, err := w.key.Sign(n.ID, now, data)
		if err != nil {
			return fmt.Errorf("cannot sign the event: %w", err)
		}
		header.Set(standardwebhooks.HeaderWebhookID, n.ID)
		header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
		header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	}
	return post(ctx, w.client, w.address, header, data)
}
