package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"octopod/generator/staging"
)

// Limits of the bodies of webhooks. A body is read before its signature can be verified.
const (
	maxWebhookBody     = 5 << 20
	webhookBodyTimeout = 10 * time.Second
	// maxBodiesOfAddress are the bodies of one address that arrive at the same time.
	maxBodiesOfAddress = 8
	// freeBody is the part of a body that needs no memory of the pool. Nearly every
	// webhook is smaller, so large bodies do not delay it.
	freeBody       = 64 << 10
	maxBodyPool    = 64 << 20
	bodyPoolDemand = 256 << 10 // at a time
)

// webhookBodies reads the bodies of webhooks. A slow body holds a place of its own
// address only, and loses it to the next body of that address.
type webhookBodies struct {
	pool *semaphore.Weighted

	mu      sync.Mutex
	arrives map[string][]*arrivingBody // by address, the oldest first
}

func newWebhookBodies() *webhookBodies {
	return &webhookBodies{pool: semaphore.NewWeighted(maxBodyPool), arrives: map[string][]*arrivingBody{}}
}

// arrivingBody is a body that is being read.
type arrivingBody struct {
	cut   func() // makes the next read fail
	isCut bool
}

// errCut ends a body whose place is taken.
var errCut = errors.New("newer webhooks of the same address took its place")

// enter adds a body. When its address has no free place, the oldest body is cut: a
// forge sends a body within milliseconds, so the oldest one is slow.
func (b *webhookBodies) enter(address string, body *arrivingBody) {
	b.mu.Lock()
	defer b.mu.Unlock()
	of := b.arrives[address]
	if len(of) >= maxBodiesOfAddress {
		of[0].isCut = true
		of[0].cut()
		of = of[1:]
	}
	b.arrives[address] = append(slices.Clip(of), body)
}

// leave removes a body and reports whether it was cut.
func (b *webhookBodies) leave(address string, body *arrivingBody) (cut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	of := slices.DeleteFunc(slices.Clone(b.arrives[address]), func(other *arrivingBody) bool { return other == body })
	if b.arrives[address] = of; len(of) == 0 {
		delete(b.arrives, address)
	}
	return body.isCut
}

// read reads the body of a request within the limits.
func (b *webhookBodies) read(w http.ResponseWriter, r *http.Request, address string) ([]byte, error) {
	if r.ContentLength > maxWebhookBody {
		return nil, staging.Errorf(staging.CodeInvalid, "the webhook is too large").Because(&http.MaxBytesError{Limit: maxWebhookBody})
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(webhookBodyTimeout)) // not every connection supports deadlines
	ctx, cancel := context.WithTimeout(r.Context(), webhookBodyTimeout)
	defer cancel()
	body := &arrivingBody{cut: func() {
		_ = control.SetReadDeadline(time.Unix(1, 0))
		cancel()
	}}
	b.enter(address, body)
	data, err := b.readAll(ctx, http.MaxBytesReader(w, r.Body, maxWebhookBody))
	switch cut := b.leave(address, body); {
	case err != nil && cut:
		return nil, staging.Errorf(staging.CodeUnavailable, "the body of the webhook arrives too slowly").Because(errCut)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, staging.Errorf(staging.CodeUnavailable, "the server is busy with other webhooks")
	case err != nil:
		return nil, staging.Errorf(staging.CodeInvalid, "the body of the webhook is incomplete").Because(err)
	}
	return data, nil
}

// readAll reads a body. It demands memory of the pool only as the body arrives, so a
// slow body holds no more than it has sent.
func (b *webhookBodies) readAll(ctx context.Context, from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, freeBody))
	demanded := int64(0)
	defer func() { b.pool.Release(demanded) }()
	for err == nil && int64(len(data)) == freeBody+demanded {
		if err = b.pool.Acquire(ctx, bodyPoolDemand); err != nil {
			return nil, err
		}
		demanded += bodyPoolDemand
		var more []byte
		more, err = io.ReadAll(io.LimitReader(from, bodyPoolDemand))
		data = append(data, more...)
	}
	return data, err
}
