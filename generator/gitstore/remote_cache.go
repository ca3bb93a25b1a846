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
	looseBytes  = 64 << 20  // fetched on demand and dropped when unused
	pinnedBytes = 256 << 20 // of packs; with more, a remote starts over
)

// memory holds what was fetched from a remote. Packs that bring commits and
// trees stay as they came, compressed; what is fetched on demand is kept as
// long as there is room and fetched again otherwise.
type memory struct {
	demand func(ctx context.Context, want []Hash) ([]byte, error) // nil: everything was fetched

	mu     sync.RWMutex
	places map[Hash]packPlace
	large  map[Hash]int64 // sizes of files that are too large to read
	pinned int

	bases *cache[packPlace, object]
	loose *cache[Hash, object]
}

func newMemory(demand func(context.Context, []Hash) ([]byte, error)) *memory {
	return &memory{
		demand: demand,
		places: map[Hash]packPlace{}, large: map[Hash]int64{},
		bases: newCache[packPlace, object](baseCacheBytes),
		loose: newCache[Hash, object](looseBytes),
	}
}

// full tells that it is time to start over.
func (m *memory) full() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.pinned > pinnedBytes
}

// has tells whether an object is here without asking the remote.
func (m *memory) has(h Hash) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	_, ok := m.places[h]
	return ok
}

func (m *memory) object(ctx context.Context, h Hash) (object, error) {
	if o, ok := m.here(ctx, h); ok {
		return o, nil
	}
	m.mu.RLock()
	size, large := m.large[h]
	m.mu.RUnlock()
	if large {
		return object{}, fmt.Errorf("%s has %d bytes: %w", h, size, errTooLarge)
	}
	if m.demand == nil {
		return object{}, missing(h)
	}
	got, err := m.fetch(ctx, []Hash{h})
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

// here gives an object that needs no request.
func (m *memory) here(ctx context.Context, h Hash) (object, bool) {
	if o, ok := m.loose.get(h); ok {
		return o, true
	}
	m.mu.RLock()
	place, ok := m.places[h]
	m.mu.RUnlock()
	if !ok {
		return object{}, false
	}
	o, err := place.pack.read(ctx, place.at, m.object)
	return o, err == nil
}

func (m *memory) size(ctx context.Context, h Hash) (int64, error) {
	o, err := m.object(ctx, h)
	if errors.Is(err, errTooLarge) {
		m.mu.RLock()
		defer m.mu.RUnlock()
		return m.large[h], nil
	}
	return int64(len(o.data)), err
}

func (m *memory) holds(ctx context.Context, h Hash) bool {
	_, ok := m.here(ctx, h)
	return ok
}

// prefetch fetches in one request what is not here in full.
func (m *memory) prefetch(ctx context.Context, want []Hash) error {
	if m.demand == nil {
		return nil
	}
	var rest []Hash
	for _, h := range want {
		if !m.complete(ctx, h) {
			rest = append(rest, h)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	_, err := m.fetch(ctx, rest)
	return err
}

// complete tells whether an object and all below it are here.
func (m *memory) complete(ctx context.Context, h Hash) bool {
	o, ok := m.here(ctx, h)
	if !ok || o.kind != treeObject {
		return ok
	}
	t, err := parseTree(h, o.data)
	if err != nil {
		return false
	}
	for i := range t.len() {
		if ref := t.ref(i); ref.Mode != ModeSubmodule && !m.complete(ctx, ref.Hash) {
			return false
		}
	}
	return true
}

// fetch asks the remote for objects and keeps them while there is room.
func (m *memory) fetch(ctx context.Context, want []Hash) (map[Hash]object, error) {
	pack, err := m.demand(ctx, want)
	if err != nil {
		return nil, err
	}
	got := make(map[Hash]object, len(want))
	err = m.unpack(ctx, pack, func(u unpacked) {
		if u.data == nil {
			m.mu.Lock()
			m.large[u.hash] = u.size
			m.mu.Unlock()
			return
		}
		got[u.hash] = u.object
		m.loose.put(u.hash, u.object, len(u.data)+100)
	})
	return got, err
}

// pin keeps a pack and makes its objects known.
func (m *memory) pin(ctx context.Context, raw []byte) error {
	p := &packFile{r: byteReader(raw), size: int64(len(raw)), bases: m.bases}
	var all []unpacked
	err := m.unpack(ctx, raw, func(u unpacked) {
		u.data = nil
		all = append(all, u)
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pinned += len(raw)
	for _, u := range all {
		if _, ok := m.places[u.hash]; !ok {
			m.places[u.hash] = packPlace{p, u.at}
		}
	}
	return nil
}

// unpacked is an object of a pack in memory.
type unpacked struct {
	object // data is nil when the object is too large to keep
	hash   Hash
	at     int64
	size   int64
	entry  packEntry
	body   []byte
	inside []int // the deltas of this pack that are based on this object
}

// unpack reads every object of a pack, in an order that has bases first.
func (m *memory) unpack(ctx context.Context, raw []byte, visit func(unpacked)) error {
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
	for len(u.byHash) > 0 { // what is left is based on objects of other packs
		before := len(u.byHash)
		for base := range u.byHash {
			o, err := m.object(ctx, base)
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

// scanPack finds the entries of a pack and inflates what is not too large.
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
		u := unpacked{at: int64(at), entry: e, size: e.size}
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

// linkDeltas ties each delta to its base: by place within the pack, or by name.
func linkDeltas(entries []unpacked) (roots []int, byHash map[Hash][]int, err error) {
	index := make(map[int64]int, len(entries))
	byHash = map[Hash][]int{}
	for i := range entries {
		e := &entries[i]
		index[e.at] = i
		switch e.entry.kind {
		case ofsDelta:
			base, ok := index[e.at-e.entry.back]
			if !ok {
				return nil, nil, errBadPack
			}
			entries[base].inside = append(entries[base].inside, i)
		case refDelta:
			byHash[e.entry.base] = append(byHash[e.entry.base], i)
		default:
			roots = append(roots, i)
		}
	}
	return roots, byHash, nil
}

// unpacker walks from bases to the deltas made on them, so that only one line
// of them is in memory at a time.
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
		} else if len(e.inside) > 0 {
			return errTooLarge
		}
		next := append(e.inside, u.byHash[e.hash]...)
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

// resolve walks the deltas on a base of another pack.
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
