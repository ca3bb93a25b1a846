package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxResponse bounds the size of a provider's response.
const maxResponse = 4 << 20

// statusError is a response of a provider's API with another status than 200.
type statusError struct {
	code    int
	request string
}

func (b statusError) Error() string {
	return fmt.Sprintf("%s: %d %s", b.request, b.code, http.StatusText(b.code))
}

// isStatus reports whether an error is a response with one of these status codes.
func isStatus(err error, codes ...int) bool {
	var bad statusError
	if !errors.As(err, &bad) {
		return false
	}
	for _, code := range codes {
		if bad.code == code {
			return true
		}
	}
	return false
}

// fetch reads JSON from a provider's API.
func fetch(ctx context.Context, client *http.Client, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	return send(client, request, into)
}

func send(client *http.Client, request *http.Request, into any) error {
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return statusError{answer.StatusCode, request.Method + " " + request.URL.Path}
	}
	return json.NewDecoder(io.LimitReader(answer.Body, maxResponse)).Decode(into)
}
