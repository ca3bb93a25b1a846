package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Client accesses the stagings of one project through a server. It returns the same
// types and errors as the use cases.
type Client struct {
	options ClientOptions
	base    string
}

// ClientOptions configures a Client.
type ClientOptions struct {
	// URL of the server: https://octopod.example.com.
	URL string
	// Project of the server; "" for its only project.
	Project string
	// Token authenticates the client; "" for a server without sign-in.
	Token string
	// Agent names the client in the server's log.
	Agent string
	// HTTP sends the requests. Default http.DefaultClient.
	HTTP *http.Client
}

// NewClient returns a client. It does not contact the server.
func NewClient(o ClientOptions) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(o.URL, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%q is not the address of a server", o.URL).
			WithTechnicalHint("write it as https://octopod.example.com; set the token in OCTOPOD_TOKEN")
	}
	if o.Project == "" {
		o.Project = onlyProject
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	return &Client{options: o, base: u.String() + Path + "/projects/" + url.PathEscape(o.Project)}, nil
}

// maxAttempts limits the attempts of a request that gets no response. A write has
// an Idempotency-Key, so it is applied once.
const maxAttempts = 3

// call sends a request and decodes the response.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, send, receive any) error {
	return c.callIf(ctx, "", method, path, query, send, receive)
}

// callIf is call on the condition that the staging has this version; "" accepts any.
func (c *Client) callIf(ctx context.Context, version, method, path string, query url.Values, send, receive any) error {
	var content []byte
	if send != nil {
		var err error
		if content, err = json.Marshal(send); err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
	}
	key := rand.Text()
	for try := 1; ; try++ {
		answer, err := c.send(ctx, method, path, query, content, func(h http.Header) {
			if method == http.MethodPost {
				h.Set("Idempotency-Key", key)
			}
			if version != "" {
				h.Set("If-Match", `"`+version+`"`)
			}
		})
		if err == nil {
			err = decode(answer, receive)
		}
		if err == nil || !errors.As(err, new(noResponseError)) || try == maxAttempts || ctx.Err() != nil {
			return c.nameServer(ctx, err)
		}
		select {
		case <-time.After(time.Duration(try) * 300 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (c *Client) send(ctx context.Context, method, path string, query url.Values, content []byte, set func(http.Header)) (*http.Response, error) {
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("requesting %s: %w", address, err)
	}
	r.Header.Set("User-Agent", c.options.Agent)
	if content != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.options.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.options.Token)
	}
	set(r.Header)
	answer, err := c.options.HTTP.Do(r)
	if err != nil {
		return nil, noResponseError{err}
	}
	if answer.StatusCode/100 != 2 {
		defer answer.Body.Close()
		return nil, responseError(answer)
	}
	return answer, nil
}

// noResponseError is the error of a request without a complete response.
type noResponseError struct{ error }

func (l noResponseError) Unwrap() error { return l.error }

// nameServer adds the URL of the server to a connection error.
func (c *Client) nameServer(ctx context.Context, err error) error {
	var lost noResponseError
	if !errors.As(err, &lost) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	cause := lost.error
	if wrapped := (*url.Error)(nil); errors.As(cause, &wrapped) {
		cause = wrapped.Err // without the URL, which is in the message
	}
	return staging.Errorf(staging.CodeUnavailable, "cannot reach the server %s", c.options.URL).Because(cause).
		WithTechnicalHint("check --server and the network")
}

// responseError decodes the error of a response.
func responseError(answer *http.Response) error {
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return noResponseError{err}
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	var p Problem
	if kind == "application/problem+json" && json.Unmarshal(content, &p) == nil && p.Code != "" {
		return p.err()
	}
	// The response comes from a proxy or another server.
	return staging.Errorf(codeOfStatus(answer.StatusCode), "the server returned %s", answer.Status).
		WithTechnicalHint("check that --server is the address of an Octopod server")
}

func codeOfStatus(status int) staging.Code {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return staging.CodeUnauthorized
	case http.StatusForbidden:
		return staging.CodeForbidden
	case http.StatusNotFound:
		return staging.CodeNotFound
	}
	return staging.CodeUnavailable
}

// decode decodes a response. Numbers keep their notation.
func decode(answer *http.Response, into any) error {
	defer answer.Body.Close()
	decoder := json.NewDecoder(answer.Body)
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return noResponseError{fmt.Errorf("reading the response: %w", err)}
	}
	return nil
}
