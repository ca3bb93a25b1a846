package gitstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
)

// packFile is a pack on disk or in memory.
type packFile struct {
	r     io.ReaderAt
	size  int64
	index *packIndex // nil in memory, where a remoteCache knows every offset
	close func() error
	bases *cache[packOffset, object]
}

// packOffset is the place of an object.
type packOffset struct {
	pack *packFile
	at   int64
}

// baseFinder reads the base of a delta from another pack.
type baseFinder func(ctx context.Context, h Hash) (object, error)

// header decodes the header of the entry at an offset.
func (p *packFile) header(at int64) (packEntry, error) {
	var b [40]byte
	n, err := p.r.ReadAt(b[:], at)
	if n == 0 && err != nil {
		return packEntry{}, err
	}
	return readHeader(b[:n])
}

// entry reads a whole entry, in one read when it is small.
func (p *packFile) entry(at int64) (packEntry, []byte, error) {
	page := pages.Get().(*[4096]byte)
	defer pages.Put(page)
	n, err := p.r.ReadAt(page[:], at)
	if n == 0 && err != nil {
		return packEntry{}, nil, err
	}
	e, err := readHeader(page[:min(n, 40)])
	if err != nil {
		return e, nil, err
	}
	if e.size+64 < int64(n-e.head) { // deflate adds less than 64 bytes
		body, err := inflate(bytes.NewReader(page[e.head:n]), e.size)
		return e, body, err
	}
	from := at + int64(e.head)
	body, err := inflate(io.NewSectionReader(p.r, from, p.size-from), e.size)
	return e, body, err
}

var pages = sync.Pool{New: func() any { return new([4096]byte) }}

// read returns the object at an offset. It follows deltas down to their base and
// caches what it reads on the way: the next object most often has the same bases.
func (p *packFile) read(ctx context.Context, at int64, find baseFinder) (object, error) {
	o, deltas, err := p.deltaChain(ctx, at, find)
	if err != nil {
		return object{}, err
	}
	for i := len(deltas) - 1; i >= 0; i-- {
		data, err := applyDelta(o.data, deltas[i].data)
		if err != nil {
			return object{}, err
		}
		o = object{o.kind, data}
		p.keep(deltas[i].at, o)
	}
	return o, nil
}

// packDelta is a delta and its offset in the pack.
type packDelta struct {
	at   int64
	data []byte
}

// deltaChain returns the deltas of the object at an offset, and the object that the
// last of them is based on.
func (p *packFile) deltaChain(ctx context.Context, at int64, find baseFinder) (base object, deltas []packDelta, err error) {
	for {
		if hit, ok := p.bases.get(packOffset{p, at}); ok {
			return hit, deltas, nil
		}
		e, body, err := p.entry(at)
		if err != nil {
			return object{}, nil, err
		}
		if e.kind != ofsDelta && e.kind != refDelta {
			o := object{e.kind, body}
			p.keep(at, o)
			return o, deltas, nil
		}
		deltas = append(deltas, packDelta{at, body})
		if e.kind == refDelta {
			base, err = p.base(ctx, e.base, find)
			return base, deltas, err
		}
		if e.back <= 0 || e.back > at {
			return object{}, nil, errBadPack
		}
		at -= e.back
	}
}

// base reads the base of a delta by its hash.
func (p *packFile) base(ctx context.Context, h Hash, find baseFinder) (object, error) {
	if p.index != nil {
		at, ok, err := p.index.find(h)
		if err != nil {
			return object{}, err
		}
		if ok {
			return p.read(ctx, at, find)
		}
	}
	if find == nil {
		return object{}, fmt.Errorf("base of a delta: %w", missing(h))
	}
	return find(ctx, h)
}

// keep caches trees and commits, but not blobs: they are rarely read twice.
func (p *packFile) keep(at int64, o object) {
	if o.kind != blobObject {
		p.bases.put(packOffset{p, at}, o, len(o.data)+100)
	}
}

// sizeAt returns the size of an object without reading all of it.
func (p *packFile) sizeAt(at int64) (int64, error) {
	e, err := p.header(at)
	if err != nil || (e.kind != ofsDelta && e.kind != refDelta) {
		return e.size, err
	}
	from := at + int64(e.head)
	head, err := inflateSome(io.NewSectionReader(p.r, from, p.size-from), min(e.size, 20))
	if err != nil {
		return 0, err
	}
	_, size, _, err := deltaSizes(head)
	return int64(size), err
}

// inflateSome decompresses the first n bytes of a stream.
func inflateSome(r io.Reader, n int64) ([]byte, error) {
	f := inflaters.Get().(*inflater)
	defer inflaters.Put(f)
	f.buf.Reset(r)
	if err := f.reset(f.buf); err != nil {
		return nil, err
	}
	out := make([]byte, n)
	_, err := io.ReadFull(f.z, out)
	return out, err
}
