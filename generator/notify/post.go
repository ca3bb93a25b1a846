package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// newClient returns the HTTP client for chats and webhooks. It follows no redirects:
// the operator chooses the address.
func newClient() *http.Client {
	return &http.Client{
		Transport:     Transport(http.DefaultTransport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends JSON and returns an error for every status that is not a success.
func post(ctx context.Context, client *http.Client, address string, header http.Header, body any) error {
	data, ready := body.([]byte)
	if !ready {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return fmt.Errorf("cannot encode the message: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(data))
	if err != nil {
		return withoutURL(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "octopod")
	for name, values := range header {
		r.Header[name] = values
	}
	response, err := client.Do(r)
	if err != nil {
		return withoutURL(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 4*maxText)) // for the error message, if it can be read
	return &RejectedError{Status: response.StatusCode, Message: oneLine(string(text)), Temporary: response.StatusCode == http.StatusRequestTimeout}
}
