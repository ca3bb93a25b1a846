package envrepo

import (
	"sync"

	"octopod/generator/bounded"
	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// mostRecords limits the number of cached records.
const mostRecords = 20_000

// records is a cache of decoded records by content: decoding YAML is most of the work
// of a list, and few records change between two lists.
type records struct {
	mu    sync.Mutex
	known *bounded.Map[record, staging.Staging]
}

func newRecords() *records {
	return &records{known: bounded.NewMap[record, staging.Staging](mostRecords)}
}

// record identifies a record by staging and content.
type record struct {
	name string
	hash gitstore.Hash
}

// get returns a copy of a cached record.
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
