package render

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"sync"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// resultCache caches the latest results up to a size. A result is valid while every
// directory that the render read has the same git hash.
type resultCache struct {
	limit int64

	mu     sync.Mutex
	size   int64
	byKey  map[[sha256.Size]byte]*list.Element
	recent list.List // of *result, most recently used first
}

type result struct {
	key     [sha256.Size]byte
	inputs  map[string]string // path → git hash, "" for a missing file
	objects []staging.Object
	size    int64
}

// resultKey hashes the arguments of a render other than the tree.
func resultKey(p *project.Project, v *view) (key [sha256.Size]byte) {
	h := sha256.New()
	hashParts(h, string(p.Spec.Engine), string(p.Spec.Output), v.dir)
	hashParts(h, p.Spec.Jsonnet.Libraries...)
	for _, name := range sortedKeys(v.overlay) {
		hashParts(h, name, string(v.overlay[name]))
	}
	h.Sum(key[:0])
	return key
}

// hashParts prefixes each part with its length, so that different lists have different
// hashes.
func hashParts(h hash.Hash, parts ...string) {
	var n [8]byte
	for _, part := range append(parts, "") {
		binary.LittleEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
}

func (c *resultCache) get(key [sha256.Size]byte, base *snapshot) ([]staging.Object, bool) {
	c.mu.Lock()
	element, ok := c.byKey[key]
	if ok {
		c.recent.MoveToFront(element)
	}
	c.mu.Unlock()
	if !ok || base.hasher == nil {
		return nil, false
	}
	found := element.Value.(*result)
	for name, hash := range found.inputs {
		if now, err := base.hash(name); err != nil || now != hash {
			return nil, false
		}
	}
	return slices.Clone(found.objects), true
}

func (c *resultCache) put(key [sha256.Size]byte, v *view, objects []staging.Object) {
	if v.base.hasher == nil || v.unhashed || c.limit <= 0 {
		return
	}
	r := &result{key: key, inputs: v.inputs, objects: slices.Clone(objects), size: 1024}
	for _, o := range objects {
		r.size += int64(len(o.JSON)) + 128
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = map[[sha256.Size]byte]*list.Element{}
	}
	if old, ok := c.byKey[key]; ok {
		c.remove(old)
	}
	c.byKey[key] = c.recent.PushFront(r)
	for c.size += r.size; c.size > c.limit; {
		c.remove(c.recent.Back())
	}
}

func (c *resultCache) remove(element *list.Element) {
	r := c.recent.Remove(element).(*result)
	delete(c.byKey, r.key)
	c.size -= r.size
}
