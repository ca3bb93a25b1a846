package gitstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

const (
	onDemandBytes = 64 << 20  // limit of objects fetched on fetch
	pinnedBytes   = 256 << 20 // limit of packs; over it, the remote fetches from scratch
)

// remoteCache holds what was fetched from a remote. Packs of commits and trees stay
// in memory, compressed. Objects fetched on fetch are in an LRU cache and are
// fetched again when they were evicted.
type remoteCache struct {
	fetchObjects func(ctx context.Context, want []Hash) ([]byte, error) // nil when everything was fetched

	mu       sync.RWMutex
	offsets  map[Hash]packPlace
	tooLarge map[Hash]int64 // sizes of files that are too large to read
	pinned   int

	bases    *cache[packOffset, object]
	onDemand *cache[Hash, object]
}

// packPlace is the place of an object, and what it is.
type packPlace struct {
	packOffset
	kind objectType
	size int64
}

func newRemoteCache(fetch func(context.Context, []Hash) ([]byte, error)) *remoteCache {
	return &remoteCache{
		fetchObjects: fetch,
		offsets:      map[Hash]packPlace{}, tooLarge: map[Hash]int64{},
		bases:    newCache[packOffset, object](baseCacheBytes),
		onDemand: newCache[Hash, object](onDemandBytes),
	}
}

// full reports whether the packs exceed their limit.
func (c *remoteCache) full() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.pinned > pinnedBytes
}

// has reports whether a pack of the cache contains an object.
func (c *remoteCache) has(h Hash) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, ok := c.offsets[h]
	return ok
}

func (c *remoteCache) object(ctx context.Context, h Hash) (object, error) {
	if o, ok := c.cached(ctx, h); ok {
		return o, nil
	}
	c.mu.RLock()
	size, large := c.tooLarge[h]
	c.mu.RUnlock()
	if large {
		return object{}, fmt.Errorf("%s has %d bytes: %w", h, size, errTooLarge)
	}
	if c.fetchObjects == nil {
		return object{}, missing(h)
	}
	got, err := c.fetch(ctx, []Hash{h})
	if err != nil {
		return object{}, err
	}
	o, ok := got[h]
	if !ok {
		return object{}, missing(h)
	}
	return o, nil
}

var errTooLarge = errors.New("too large to read")

// cached returns an object if it needs no request.
func (c *remoteCache) cached(ctx context.Context, h Hash) (object, bool) {
	if o, ok := c.onDemand.get(h); ok {
		return o, true
	}
	c.mu.RLock()
	place, ok := c.offsets[h]
	c.mu.RUnlock()
	if !ok {
		return object{}, false
	}
	o, err := place.pack.read(ctx, place.at, c.object)
	return o, err == nil
}

func (c *remoteCache) size(ctx context.Context, h Hash) (int64, error) {
	c.mu.RLock()
	place, packed := c.offsets[h]
	c.mu.RUnlock()
	if packed {
		return place.size, nil
	}
	o, err := c.object(ctx, h)
	if errors.Is(err, errTooLarge) {
		c.mu.RLock()
		defer c.mu.RUnlock()
		return c.tooLarge[h], nil
	}
	return int64(len(o.data)), err
}

func (c *remoteCache) isLocal(_ context.Context, h Hash) bool {
	_, ok := c.onDemand.get(h)
	return ok || c.has(h)
}

// prefetch fetches the objects that are not completely cached, in one request.
func (c *remoteCache) prefetch(ctx context.Context, want []Hash) error {
	if c.fetchObjects == nil {
		return nil
	}
	var rest []Hash
	for _, h := range want {
		if !c.hasAll(ctx, h) {
			rest = append(rest, h)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	_, err := c.fetch(ctx, rest)
	return err
}

// hasAll reports whether an object and everything below it are cached. It reads trees only.
func (c *remoteCache) hasAll(ctx context.Context, h Hash) bool {
	c.mu.RLock()
	place, packed := c.offsets[h]
	c.mu.RUnlock()
	if packed && place.kind != treeObject {
		return true
	}
	o, ok := c.cached(ctx, h)
	if !ok || o.kind != treeObject {
		return ok
	}
	t, err := parseTree(h, o.data)
	if err != nil {
		return false
	}
	for i := range t.len() {
		if ref := t.ref(i); ref.Mode != ModeSubmodule && !c.hasAll(ctx, ref.Hash) {
			return false
		}
	}
	return true
}

// fetch fetches objects into the LRU cache.
func (c *remoteCache) fetch(ctx context.Context, want []Hash) (map[Hash]object, error) {
	if ReadsMemory(ctx) {
		limited, cancel := context.WithTimeout(ctx, missPatience)
		defer cancel()
		ctx = limited
	}
	pack, err := c.fetchObjects(ctx, want)
	if err != nil {
		return nil, err
	}
	got := make(map[Hash]object, len(want))
	err = c.unpack(ctx, pack, func(u unpacked) {
		if u.data == nil {
			c.mu.Lock()
			c.tooLarge[u.hash] = u.size
			c.mu.Unlock()
			return
		}
		got[u.hash] = u.object
		c.onDemand.put(u.hash, u.object, len(u.data)+100)
	})
	return got, err
}

// addPack keeps a pack and indexes its objects.
func (c *remoteCache) addPack(ctx context.Context, raw []byte) error {
	p := &packFile{r: byteReader(raw), size: int64(len(raw)), bases: c.bases}
	var all []unpacked
	err := c.unpack(ctx, raw, func(u unpacked) {
		if u.data != nil { // else the size in the header is that of the object
			u.size = int64(len(u.data))
		}
		u.data = nil
		all = append(all, u)
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pinned += len(raw)
	for _, u := range all {
		if _, ok := c.offsets[u.hash]; !ok {
			c.offsets[u.hash] = packPlace{packOffset{p, u.offset}, u.kind, u.size}
		}
	}
	return nil
}

// unpacked is an object that was read from a pack.
type unpacked struct {
	object // data is nil when the object is too large to keep
	hash   Hash
	offset int64
	size   int64
	entry  packEntry
	body   []byte
	deltas []int // the deltas of this pack that are based on this object
}

// unpack calls visit for every object of a pack, bases before their deltas.
func (c *remoteCache) unpack(ctx context.Context, raw []byte, visit func(unpacked)) error {
	entries, err := scanPack(raw)
	if err != nil {
		return err
	}
	roots, outside, err := linkDeltas(entries)
	if err != nil {
		return err
	}
	u := &unpacker{entries: entries, visit: visit, byHash: outside}
	for _, i := range roots {
		e := &entries[i]
		e.object = object{e.entry.kind, e.body}
		if err := u.walk(i); err != nil {
			return err
		}
	}
	for len(u.byHash) > 0 { // the deltas left have their bases in other packs
		before := len(u.byHash)
		for base := range u.byHash {
			o, err := c.object(ctx, base)
			if err != nil {
				return fmt.Errorf("base of a delta: %w", err)
			}
			if err := u.resolve(base, o); err != nil {
				return err
			}
			break
		}
		if len(u.byHash) >= before {
			return errBadPack
		}
	}
	return nil
}

// scanPack lists the entries of a pack and decompresses all but blobs over MaxBlob.
func scanPack(raw []byte) ([]unpacked, error) {
	if len(raw) < 32 || string(raw[:4]) != "PACK" || raw[7] != 2 {
		return nil, errBadPack
	}
	n := int(binary.BigEndian.Uint32(raw[8:12]))
	out := make([]unpacked, 0, min(n, len(raw)/8))
	r := bytes.NewReader(raw)
	var f inflater
	at := 12
	for range n {
		if at >= len(raw)-20 {
			return nil, errBadPack
		}
		e, err := readHeader(raw[at : len(raw)-20])
		if err != nil {
			return nil, err
		}
		r.Reset(raw[at+e.head : len(raw)-20])
		u := unpacked{offset: int64(at), entry: e, size: e.size}
		if e.kind == blobObject && e.size > MaxBlob {
			u.hash, err = f.hashNext(r, e.size)
		} else {
			u.body, err = f.next(r, e.size)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBadPack, err)
		}
		out = append(out, u)
		at = len(raw) - 20 - r.Len()
	}
	return out, nil
}

// linkDeltas finds the base of each delta. roots are the entries that are not
// deltas; byHash are the deltas that name their base by hash.
func linkDeltas(entries []unpacked) (roots []int, byHash map[Hash][]int, err error) {
	index := make(map[int64]int, len(entries))
	byHash = map[Hash][]int{}
	for i := range entries {
		e := &entries[i]
		index[e.offset] = i
		switch e.entry.kind {
		case ofsDelta:
			base, ok := index[e.offset-e.entry.back]
			if !ok {
				return nil, nil, errBadPack
			}
			entries[base].deltas = append(entries[base].deltas, i)
		case refDelta:
			byHash[e.entry.base] = append(byHash[e.entry.base], i)
		default:
			roots = append(roots, i)
		}
	}
	return roots, byHash, nil
}

// unpacker walks from bases to their deltas, depth first, so that few objects are
// in memory at a time.
type unpacker struct {
	entries []unpacked
	byHash  map[Hash][]int
	visit   func(unpacked)
}

func (u *unpacker) walk(i int) error {
	todo := []int{i}
	for len(todo) > 0 {
		e := &u.entries[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		if e.hash.IsZero() {
			e.hash = hashObject(e.kind, e.data)
		} else if len(e.deltas) > 0 {
			return errTooLarge
		}
		next := append(e.deltas, u.byHash[e.hash]...)
		delete(u.byHash, e.hash)
		for _, d := range next {
			if err := u.entries[d].apply(e.object); err != nil {
				return err
			}
		}
		todo = append(todo, next...)
		u.visit(*e)
		e.object, e.body = object{}, nil
	}
	return nil
}

// resolve applies the deltas whose base is in another pack.
func (u *unpacker) resolve(base Hash, o object) error {
	on := u.byHash[base]
	delete(u.byHash, base)
	for _, d := range on {
		if err := u.entries[d].apply(o); err != nil {
			return err
		}
		if err := u.walk(d); err != nil {
			return err
		}
	}
	return nil
}

func (e *unpacked) apply(base object) error {
	data, err := applyDelta(base.data, e.body)
	e.object = object{base.kind, data}
	return err
}
