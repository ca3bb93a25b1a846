package envrepo

import (
	"sync"

	"octopod/generator/bounded"
	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// maxRecords limits the number of cached records.
const maxRecords = 20_000

// recordCache is a cache of decoded records by content: decoding YAML is most of the work
// of a list, and few records change between two lists.
type recordCache struct {
	mu      sync.Mutex
	decoded *bounded.Map[recordKey, staging.Staging]
}

func newRecordCache() *recordCache {
	return &recordCache{decoded: bounded.NewMap[recordKey, staging.Staging](maxRecords)}
}

// recordKey identifies a record by staging and content.
type recordKey struct {
	name string
	hash gitstore.Hash
}

// get returns a copy of a cached record.
func (r *recordCache) get(name string, hash gitstore.Hash) (staging.Staging, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, known := r.decoded.Get(recordKey{name, hash})
	if !known {
		return s, false
	}
	return s.Clone(), true
}

func (r *recordCache) put(name string, hash gitstore.Hash, s staging.Staging) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decoded.Put(recordKey{name, hash}, s.Clone())
}
