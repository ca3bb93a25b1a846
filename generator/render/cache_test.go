package render

import (
	"testing"
	"testing/fstest"

	"octopod/generator/staging"
)

// hashed is a tree in which everything has the same hash.
type hashed struct{ fstest.MapFS }

func (hashed) TreeHash(string) (string, bool) { return "1", true }

func TestTheCacheKeepsTheLatestWithinItsLimit(t *testing.T) {
	base := newSnapshot(hashed{})
	c := resultCache{limit: 4096}
	objects := []staging.Object{{JSON: make([]byte, 1024)}} // with what it costs to keep, somewhat more than 2 KiB
	for _, key := range []byte{1, 2} {
		c.put([32]byte{key}, newView(base, "x", nil), objects)
	}
	if _, ok := c.get([32]byte{1}, base); ok {
		t.Error("the oldest result is still there")
	}
	if _, ok := c.get([32]byte{2}, base); !ok {
		t.Error("the latest result is gone")
	}
	if c.size > c.limit {
		t.Errorf("%d bytes are kept, at most %d are allowed", c.size, c.limit)
	}
}
