package envrepo

import (
	"sync"

	"octopod/generator/bounded"
	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// mostRecords bounds the records that are kept decoded.
const mostRecords = 20_000

// records keeps what records say, by their content: reading YAML is most of the
// work of a list, and hardly any record changes between two of them.
type records struct {
	mu    sync.Mutex
	known *bounded.Map[record, staging.Staging]
}

func newRecords() *records {
	return &records{known: bounded.NewMap[record, staging.Staging](mostRecords)}
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
	s, known := r.known.Get(record{name, hash})
	if !known {
		return s, false
	}
	return s.Clone(), true
}

func (r *records) put(name string, hash gitstore.Hash, s staging.Staging) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known.Put(record{name, hash}, s.Clone())
}
