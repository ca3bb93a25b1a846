package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"octopod/generator/auth"
	"octopod/generator/branch"
	"octopod/generator/staging"
)

// webhookPath is where forges and registries tell what happened: /hooks/{project}.
// Nobody signs in there: the proof of a webhook is its signature.
const webhookPath = "/hooks/"

// Limits of webhooks. Nobody has proved anything yet when a body is read.
const (
	maxWebhookBody     = 5 << 20
	maxWebhookBodies   = 64 << 20 // of all that are read at the same time
	webhookBodyTimeout = 10 * time.Second
)

// webhooks takes webhooks on. They are carried out later: who sends them waits for
// seconds at most.
type webhooks struct {
	*Server
	callers  []branch.Caller
	bodies   *semaphore.Weighted
	refusals *rate.Limiter // that the audit log is told of: a flood must not fill the disk
}

// webhookCallers reads the secrets that webhooks of the forges are signed with.
func webhookCallers(forges []ForgeConfig, getenv func(string) string) ([]branch.Caller, error) {
	var callers []branch.Caller
	for i, f := range forges {
		secret, err := f.Webhook.Secret.Read(fmt.Sprintf("forges[%d].webhook.secret", i), getenv)
		if err != nil {
			return nil, err
		}
		if secret != "" {
			callers = append(callers, branch.Caller{Host: f.Host, Kind: string(f.Kind), Secret: secret})
		}
	}
	return callers, nil
}

func (r *Server) webhooks() http.Handler {
	return &webhooks{r, r.webhookCallers, semaphore.NewWeighted(maxWebhookBodies), rate.NewLimiter(rate.Every(time.Second), 100)}
}

func (h *webhooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(webhookBodyTimeout)) // a connection that cannot has no slow readers
	call, err := h.accept(w, r)
	w.Header().Set("Content-Type", "application/json")
	if err == nil {
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(map[string]any{"id": call.ID, "events": len(call.Events)}) // the sender may be gone
		return
	}
	status := webhookStatus(err)
	if status == http.StatusUnauthorized && h.refusals.Allow() {
		s := requestFrom(r.Context())
		h.audit(r.Context(), auth.Attempt{
			At: h.now(), Code: staging.CodeOf(err), Reason: err.Error(), Address: s.address, Request: s.method + " " + s.path,
		})
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "60")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": string(staging.CodeOf(err)), "detail": err.Error(), "hint": staging.HintOf(err)})
}

// accept takes one webhook on. Who cannot prove anything learns nothing of what
// is here, not even whether there is such a project.
func (h *webhooks) accept(w http.ResponseWriter, r *http.Request) (branch.Call, error) {
	body, err := h.body(w, r)
	if err != nil {
		return branch.Call{}, err
	}
	call, err := branch.ReadHook(branch.Hook{Header: r.Header.Get, Body: body}, h.callers, h.now())
	if err != nil {
		return branch.Call{}, err
	}
	s, err := h.find(r.Context(), r.PathValue("project"))
	if err != nil {
		return branch.Call{}, err
	}
	return call, s.follower.Accept(call, body)
}

// body reads what was sent, as far as there is room for it.
func (h *webhooks) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	size := r.ContentLength
	switch {
	case size > maxWebhookBody:
		return nil, staging.Errorf(staging.CodeInvalid, "the webhook is too large").Because(&http.MaxBytesError{Limit: maxWebhookBody})
	case size < 0: // it is not said beforehand
		size = maxWebhookBody
	}
	if err := h.bodies.Acquire(r.Context(), size); err != nil {
		return nil, staging.Errorf(staging.CodeUnavailable, "the webhook was given up")
	}
	defer h.bodies.Release(size)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhookBody))
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "the webhook did not come in whole").Because(err)
	}
	return body, nil
}

// webhookStatus is what the sender is told. Only an answer that says so is sent again.
func webhookStatus(err error) int {
	switch staging.CodeOf(err) {
	case staging.CodeUnauthorized:
		return http.StatusUnauthorized
	case staging.CodeNotFound:
		return http.StatusNotFound
	case staging.CodeUnavailable:
		return http.StatusServiceUnavailable
	case staging.CodeInvalid:
		if errors.As(err, new(*http.MaxBytesError)) {
			return http.StatusRequestEntityTooLarge
		}
		return http.StatusBadRequest
	}
	return staging.CodeOf(err).ForeignHTTPStatus()
}
