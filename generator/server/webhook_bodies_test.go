package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// slowBody begins a webhook of an address and sends nothing more.
func slowBody(t *testing.T, url, address string) {
	t.Helper()
	from, to := io.Pipe()
	t.Cleanup(func() { _ = to.Close() })
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, from)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Address", address)
	go func() {
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_ = answer.Body.Close()
		}
	}()
	if _, err := io.WriteString(to, "{"); err != nil {
		t.Error(err)
	}
}

// Slow bodies delay no other body: neither of other addresses nor of their own.
func TestSlowBodiesDelayNobody(t *testing.T) {
	bodies := newWebhookBodies()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := bodies.read(w, r, r.Header.Get("Address"))
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = fmt.Fprint(w, len(data))
	}))
	t.Cleanup(s.Close)
	for i := range 50 {
		slowBody(t, s.URL, fmt.Sprint("10.0.0.", i%5))
	}
	for _, address := range []string{"10.0.0.1", "192.0.2.1"} {
		for _, size := range []int{100, 3 << 20} {
			began := time.Now()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, io.MultiReader(strings.NewReader(strings.Repeat("x", size))))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Address", address)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK || string(text) != fmt.Sprint(size) {
				t.Errorf("%d bytes of %s: %s, %s", size, address, answer.Status, text)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%d bytes of %s took %s", size, address, took)
			}
		}
	}
	bodies.mu.Lock()
	defer bodies.mu.Unlock()
	for address, of := range bodies.arrives {
		if len(of) > maxBodiesOfAddress {
			t.Errorf("%s holds %d places", address, len(of))
		}
	}
}
