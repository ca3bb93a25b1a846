package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"octopod/generator/auth"
	"octopod/generator/branch"
	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// webhookPath is where forges and registries send webhooks: /hooks/{project}. It
// needs no sign-in, because a webhook proves its origin by its signature.
const webhookPath = "/hooks/"

// webhooks accepts webhooks and queues their events. The sender does not wait until
// they are processed.
type webhooks struct {
	*Server
	bodies   *webhookBodies
	refusals *rate.Limiter // limits the entries in the audit log, so that a flood cannot fill the disk
}

func (r *Server) webhooks() http.Handler {
	return &webhooks{r, newWebhookBodies(), rate.NewLimiter(rate.Every(time.Second), 100)}
}

func (h *webhooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, err := h.accept(w, r)
	w.Header().Set("Content-Type", "application/json")
	if err == nil {
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(map[string]any{"id": call.ID, "events": len(call.Events)}) // the sender may have disconnected
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

// accept verifies and queues one webhook. A sender without a valid signature learns
// nothing, not even whether the project exists.
func (h *webhooks) accept(w http.ResponseWriter, r *http.Request) (branch.Webhook, error) {
	body, err := h.body(w, r)
	if err != nil {
		return branch.Webhook{}, err
	}
	s, unknown := h.find(r.Context(), r.PathValue("project"))
	request := branch.Request{Header: r.Header.Get, Token: r.URL.Query().Get("token"), Body: body}
	call, err := branch.ReadWebhook(request, h.sendersFor(s, unknown), h.now())
	authentic := call.Host != ""
	switch {
	case authentic && unknown != nil:
		return branch.Webhook{}, unknown
	case err == nil:
		if slices.ContainsFunc(call.Events, s.isOwnPush) {
			s.feed.Announce()
		}
		return call, s.follower.Accept(call, body)
	case authentic && json.Valid(body): // complete, but of another format: GitLab and others disable a webhook after some 4xx
		s.follower.Reject(call, err)
		return call, nil
	}
	return branch.Webhook{}, err
}

// isOwnPush reports whether an event is a push to the branch of the env repo.
func (s *servedProject) isOwnPush(e branch.Event) bool {
	return e.Kind == branch.Pushed && e.Branch == s.stagings.Repo.Branch() && giturl.SameRepository(s.repo, e.Repository)
}

// sendersFor returns the hosts that may send to a project. While env repos are read, it is
// not known which project a name means. A missing project must not differ from one of
// another team, so only a sender to all projects learns of it.
func (h *webhooks) sendersFor(s *servedProject, unknown error) []branch.Sender {
	if unknown == nil {
		return s.means.Load().senders
	}
	var all []branch.Sender
	for _, s := range h.all() {
		all = append(all, s.means.Load().senders...)
	}
	if staging.CodeOf(unknown) == staging.CodeUnavailable {
		return all
	}
	return slices.DeleteFunc(all, func(sender branch.Sender) bool {
		return slices.ContainsFunc(h.all(), func(s *servedProject) bool { return !s.means.Load().accepts(sender) })
	})
}

// body reads the body of a request in a place of its address.
func (h *webhooks) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	address, _ := h.gate.Load().Address(r)
	return h.bodies.read(w, r, address)
}

// webhookStatus returns the HTTP status for the sender. Senders retry only on some.
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
