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

// Client offers the stagings of one project through a server. It answers as the
// use cases themselves do: the same shapes, the same errors.
type Client struct {
	options ClientOptions
	base    string
}

// ClientOptions say which server, and who asks.
type ClientOptions struct {
	// URL of the server: https://octopod.example.com.
	URL string
	// Project of the server; "" is the only one it has.
	Project string
	// Token proves who asks; "" where the server asks nobody.
	Token string
	// Agent names the client in the server's log.
	Agent string
	// HTTP sends the requests. Default http.DefaultClient.
	HTTP *http.Client
}

// NewClient gives a client. The server is first contacted by its methods.
func NewClient(o ClientOptions) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(o.URL, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%q is no address of a server", o.URL).
			WithHint("write it as https://octopod.example.com; a token goes to OCTOPOD_TOKEN")
	}
	if o.Project == "" {
		o.Project = onlyProject
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	return &Client{options: o, base: u.String() + Path + "/projects/" + url.PathEscape(o.Project)}, nil
}

// maxAttempts is how often a request is made whose answer does not come. A write
// carries a key, so that it counts once.
const maxAttempts = 3

// call makes a request and decodes its answer.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, send, receive any) error {
	return c.callIf(ctx, "", method, path, query, send, receive)
}

// callIf makes a request that counts only while a staging has this version; ""
// is content with any.
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
		return nil, fmt.Errorf("asking the server: %w", err)
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

// noResponseError is a request whose answer did not come.
type noResponseError struct{ error }

func (l noResponseError) Unwrap() error { return l.error }

// nameServer says of a server that cannot be reached which one it is.
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
		cause = wrapped.Err // without the address, which is in the message
	}
	return staging.Errorf(staging.CodeUnavailable, "the server %s does not answer", c.options.URL).Because(cause).
		WithHint("is --server right, and can this machine reach it?")
}

// responseError makes the error again that the server had.
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
	// Not Octopod's words: a proxy's, or another server's.
	return staging.Errorf(codeOfStatus(answer.StatusCode), "the server answers %s", answer.Status).
		WithHint("is --server the address of an Octopod server?")
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

// decode reads an answer. Numbers stay as they are written.
func decode(answer *http.Response, into any) error {
	defer answer.Body.Close()
	decoder := json.NewDecoder(answer.Body)
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return noResponseError{fmt.Errorf("reading the answer: %w", err)}
	}
	return nil
}
