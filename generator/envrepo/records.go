package envrepo

import (
	"sync"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// mostRecords bounds the records that are kept decoded.
const mostRecords = 20_000

// records keeps what records say, by their content: reading YAML is most of the
// work of a list, and hardly any record changes between two of them.
type records struct {
	mu    sync.Mutex
	known map[record]staging.Staging
}

// record is a staging's record with a certain content.
type record struct {
	name string
	hash gitstore.Hash
}

// get gives a record of its own to whoever asks.
func (r *records) get(name string, hash gitstore.Hash) (staging.Staging, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, known := r.known[record{name, hash}]
	if !known {
		return s, false
	}
	return s.Clone(), true
}

func (r *records) put(name string, hash gitstore.Hash, s staging.Staging) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= mostRecords {
		r.known = map[record]staging.Staging{}
	}
	r.known[record{name, hash}] = s.Clone()
}
