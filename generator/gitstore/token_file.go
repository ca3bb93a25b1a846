package gitstore

import (
	"os"
	"strings"
	"sync"
)

// tokenFile is a token, or the file that holds it.
type tokenFile struct {
	path string // "" for a token that does not change

	mu   sync.Mutex
	last string
}

// read returns the token that the file holds now. A file that is missing or empty, as
// between two steps of a rotation, leaves the last token.
func (t *tokenFile) read() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.path == "" {
		return t.last
	}
	if data, err := os.ReadFile(t.path); err == nil && len(strings.TrimSpace(string(data))) > 0 {
		t.last = strings.TrimSpace(string(data))
	}
	return t.last
}
