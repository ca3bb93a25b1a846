package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// newClient is what talks to chats and webhooks. It follows no redirect: the
// address is the operator's decision.
func newClient() *http.Client {
	return &http.Client{
		Transport:     Patient(http.DefaultTransport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends JSON, and makes an error of every answer that is not a success.
func post(ctx context.Context, client *http.Client, address string, header http.Header, body any) error {
	data, ready := body.([]byte)
	if !ready {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return fmt.Errorf("what is to be told cannot be written: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(data))
	if err != nil {
		return withoutAddress(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "octopod")
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := client.Do(r)
	if err != nil {
		return withoutAddress(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return nil
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 4*longest)) // as far as it says something
	return &Refusal{Status: answer.StatusCode, Words: oneLine(string(said)), Passing: answer.StatusCode == http.StatusRequestTimeout}
}
