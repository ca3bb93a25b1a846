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

// EventType heads the type of every event: dev.octopod.staging.running.
const EventType = "dev.octopod.staging."

// webhook sends CloudEvents 1.0 in structured mode, signed as Standard Webhooks
// say, so that a receiver tells them from forged and from replayed ones.
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
	Data        told      `json:"data"`
}

// told is the data of an event.
type told struct {
	Project  string        `json:"project"`
	Occasion string        `json:"occasion"`
	Again    bool          `json:"again,omitempty"`
	Text     string        `json:"text"`
	Page     string        `json:"page,omitempty"`
	Staging  *staging.View `json:"staging"`
}

func openWebhook(o Options) (Sink, error) {
	w := &webhook{address: o.URL, source: o.Source, client: newClient()}
	if o.Key == "" {
		return w, nil
	}
	key, err := standardwebhooks.NewWebhook(o.Key)
	if err != nil {
		return nil, fmt.Errorf("the key is not whsec_ and bytes in base64: make one with: echo whsec_$(openssl rand -base64 32)")
	}
	w.key = key
	return w, nil
}

// Send is Sink's.
func (w *webhook) Send(ctx context.Context, n Notice) error {
	data, err := json.Marshal(event{
		SpecVersion: "1.0", ID: n.ID, Source: w.source + "/" + n.Project, Type: EventType + string(n.Occasion.On), Subject: n.Staging.Metadata.Name,
		Time: n.At.UTC(), ContentType: "application/json",
		Data: told{n.Project, string(n.Occasion.On), n.Occasion.Again, n.Headline + ". " + n.Sentence, n.Page, n.Staging},
	})
	if err != nil {
		return fmt.Errorf("what is to be told cannot be written: %w", err)
	}
	header := http.Header{"Content-Type": {"application/cloudevents+json; charset=UTF-8"}}
	if w.key != nil {
		now := time.Now()
		signature, err := w.key.Sign(n.ID, now, data)
		if err != nil {
			return fmt.Errorf("what is to be told cannot be signed: %w", err)
		}
		header.Set(standardwebhooks.HeaderWebhookID, n.ID)
		header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
		header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	}
	return post(ctx, w.client, w.address, header, data)
}
