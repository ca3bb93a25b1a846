package render

import (
	"errors"
	"testing"
	"testing/fstest"

	"octopod/generator/staging"
)

// hashed is a tree in which everything has the same hash.
type hashed struct{ fstest.MapFS }

func (hashed) TreeHash(string) (string, error) { return "1", nil }

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

// unreadable is a tree whose hashes cannot be read.
type unreadable struct{ fstest.MapFS }

func (unreadable) TreeHash(string) (string, error) { return "", errors.New("connection reset") }

// TestUnknownHashIsNoHash: a result is neither cached nor reused while the hash of an
// input is unknown, and never taken for one without that input.
func TestUnknownHashIsNoHash(t *testing.T) {
	c := resultCache{limit: 4096}
	v := newView(newSnapshot(unreadable{}), "x", nil)
	v.recordInput("templates/a.yaml")
	c.put([32]byte{1}, v, nil)
	if _, ok := c.get([32]byte{1}, newSnapshot(hashed{})); ok {
		t.Error("a result with unknown inputs was cached")
	}
	absent := newView(newSnapshot(hashed{}), "x", nil)
	absent.inputs["templates"] = "" // the directory did not exist
	c.put([32]byte{2}, absent, nil)
	if _, ok := c.get([32]byte{2}, newSnapshot(unreadable{})); ok {
		t.Error("an unreadable directory was taken for a missing one")
	}
}
