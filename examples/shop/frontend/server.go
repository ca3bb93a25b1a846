package main

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

// server shows the shop.
type server struct {
	backend string // its address
	client  *http.Client
}

//go:embed page.html
var files embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{"euro": euro}).ParseFS(files, "page.html"))

func euro(cents int) string { return fmt.Sprintf("€ %d.%02d", cents/100, cents%100) }

// cart is what the backend says about a cart.
type cart struct {
	Items []struct {
		Product         string
		Cents, Quantity int
	}
	Payments, Branch, Commit string
}

// Total returns the price of everything in the cart.
func (c cart) Total() (cents int) {
	for _, item := range c.Items {
		cents += item.Cents * item.Quantity
	}
	return cents
}

// view is the data of the page.
type view struct {
	Branch, Commit string
	Cart           cart
	Problem        string // that the page shows instead of the cart
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the program runs\n") })
	mux.HandleFunc("GET /{$}", s.show)
	mux.HandleFunc("POST /cart", func(w http.ResponseWriter, r *http.Request) {
		s.change(w, r, r.PostFormValue("product"))
	})
	mux.HandleFunc("POST /payment", func(w http.ResponseWriter, r *http.Request) { s.change(w, r, "payment") })
	return http.NewCrossOriginProtection().Handler(mux)
}

// show shows the page. Probes of the cluster get it without a cart too.
func (s *server) show(w http.ResponseWriter, r *http.Request) {
	v := view{Branch: branch, Commit: commit}
	code := http.StatusOK
	if err := s.ask(r.Context(), http.MethodGet, "/carts/"+customer(w, r), &v.Cart); err != nil {
		code, v.Problem = http.StatusBadGateway, err.Error()
	}
	s.write(w, code, v)
}

// change asks the backend to change the cart, and shows the page again.
func (s *server) change(w http.ResponseWriter, r *http.Request, what string) {
	path := "/carts/" + customer(w, r) + "/" + url.PathEscape(what)
	if err := s.ask(r.Context(), http.MethodPost, path, nil); err != nil {
		s.write(w, http.StatusBadGateway, view{Branch: branch, Commit: commit, Problem: err.Error()})
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *server) write(w http.ResponseWriter, code int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if err := page.Execute(w, v); err != nil {
		slog.Debug("the client has gone", "error", err)
	}
}

// customer returns the name of the browser's cart.
func customer(w http.ResponseWriter, r *http.Request) string {
	if has, err := r.Cookie("customer"); err == nil && has.Value != "" {
		return url.PathEscape(has.Value)
	}
	name := strings.ToLower(rand.Text())
	http.SetCookie(w, &http.Cookie{Name: "customer", Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return name
}

// ask sends a request to the backend, and reads its answer unless answer is nil.
func (s *server) ask(ctx context.Context, method, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.backend+path, nil)
	if err != nil {
		return err
	}
	got, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("the backend does not answer: %w", err)
	}
	defer got.Body.Close()
	data, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("the backend stops answering: %w", err)
	}
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("the backend answers: %s", strings.TrimSpace(string(data)))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}
