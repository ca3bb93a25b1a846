package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
)

// server is the HTTP API of the backend.
type server struct {
	carts   carts
	gateway *gateway
	log     *slog.Logger
}

// Cart is the answer about a cart.
type Cart struct {
	Items    []Item `json:"items"`
	Payments string `json:"payments"`
	Branch   string `json:"branch"`
	Commit   string `json:"commit"`
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, "the program runs") })
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("GET /carts/{customer}", s.cart)
	mux.HandleFunc("POST /carts/{customer}/{product}", s.add)
	mux.HandleFunc("POST /carts/{customer}/payment", s.pay)
	return mux
}

// health answers whether the shop can sell: its database must answer.
func (s *server) health(w http.ResponseWriter, r *http.Request) {
	if err := s.carts.pool.Ping(r.Context()); err != nil {
		s.fail(w, http.StatusServiceUnavailable, "the database does not answer", err)
		return
	}
	s.answer(w, map[string]string{"status": "ok", "branch": branch, "commit": commit})
}

func (s *server) cart(w http.ResponseWriter, r *http.Request) {
	items, err := s.carts.cart(r.Context(), r.PathValue("customer"))
	if err != nil {
		s.fail(w, http.StatusInternalServerError, "the cart cannot be read", err)
		return
	}
	s.answer(w, Cart{items, s.gateway.name, branch, commit})
}

func (s *server) add(w http.ResponseWriter, r *http.Request) {
	customer, product := r.PathValue("customer"), r.PathValue("product")
	s.log.Debug("into the cart", "customer", customer, "product", product)
	switch err := s.carts.add(r.Context(), customer, product); {
	case errors.Is(err, errNoProduct):
		s.fail(w, http.StatusNotFound, err.Error(), err)
	case err != nil:
		s.fail(w, http.StatusInternalServerError, "the cart cannot be written", err)
	default:
		s.cart(w, r)
	}
}

func (s *server) pay(w http.ResponseWriter, r *http.Request) {
	customer := r.PathValue("customer")
	cents, err := s.carts.pay(r.Context(), customer, func(cents int) error {
		return s.gateway.pay(r.Context(), charge{customer, cents})
	})
	switch {
	case errors.Is(err, errNoKey):
		s.fail(w, http.StatusPaymentRequired, err.Error(), err)
	case err != nil:
		s.fail(w, http.StatusBadGateway, "the payment failed, and the cart is as it was", err)
	default:
		s.log.Info("paid", "customer", customer, "cents", cents, "gateway", s.gateway.name)
		s.answer(w, map[string]int{"cents": cents})
	}
}

func (s *server) answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		s.log.Debug("the client has gone", "error", err)
	}
}

// fail sends what failed to the client, and logs why.
func (s *server) fail(w http.ResponseWriter, code int, what string, why error) {
	s.log.Warn(what, "error", why)
	http.Error(w, what, code)
}
