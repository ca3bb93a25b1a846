package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// mostAnswer bounds what is read of a provider's answer.
const mostAnswer = 4 << 20

// badStatus is an answer of a provider's API that is no success.
type badStatus struct {
	code    int
	request string
}

func (b badStatus) Error() string {
	return fmt.Sprintf("%s: %d %s", b.request, b.code, http.StatusText(b.code))
}

// isStatus tells whether an API answered with one of these.
func isStatus(err error, codes ...int) bool {
	var bad badStatus
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
		return badStatus{answer.StatusCode, request.Method + " " + request.URL.Path}
	}
	return json.NewDecoder(io.LimitReader(answer.Body, mostAnswer)).Decode(into)
}
