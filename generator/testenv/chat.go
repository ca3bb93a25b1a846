package testenv

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Chat starts the incoming webhook of a chat. It returns its URL and the text of
// every message that it receives.
func Chat(t testing.TB) (url string, messages chan string) {
	t.Helper()
	messages = make(chan string, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct{ Text string }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		messages <- message.Text
	}))
	t.Cleanup(s.Close)
	return s.URL, messages
}
