package gitstore

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// maxObject is the limit of an object's size in bytes. No object of an env repo is
// that large: a header that says so is damaged or hostile.
const maxObject = 1 << 30

var errBadPack = errors.New("malformed pack")

// packEntry is the header of an object in a pack.
type packEntry struct {
	kind objectType
	size int64 // inflated: of the object, or of the delta
	base Hash  // of a refDelta
	back int64 // of an ofsDelta: distance back to its base
	head int   // length of the header
}

// readHeader decodes a packEntry.
func readHeader(b []byte) (packEntry, error) {
	if len(b) == 0 {
		return packEntry{}, errBadPack
	}
	e := packEntry{kind: objectType(b[0] >> 4 & 7), size: int64(b[0] & 15)}
	i := 1
	for shift := 4; b[i-1]&0x80 != 0; shift += 7 {
		if i >= len(b) || shift > 50 {
			return e, errBadPack
		}
		e.size |= int64(b[i]&0x7f) << shift
		i++
	}
	switch e.kind {
	case commitObject, treeObject, blobObject, tagObject:
	case refDelta:
		if len(b) < i+20 {
			return e, errBadPack
		}
		i += copy(e.base[:], b[i:i+20])
	case ofsDelta:
		n, back := decodeOffset(b[i:])
		if n == 0 {
			return e, errBadPack
		}
		e.back = back
		i += n
	default:
		return e, fmt.Errorf("%w: %s", errBadPack, e.kind)
	}
	e.head = i
	return e, nil
}

// decodeOffset is the inverse of encodeOffset. n is 0 when b is malformed.
func decodeOffset(b []byte) (n int, offset int64) {
	for i, c := range b[:min(len(b), 9)] {
		offset = offset<<7 | int64(c&0x7f)
		if c&0x80 == 0 {
			return i + 1, offset
		}
		offset++
	}
	return 0, 0
}

// inflater is a reusable zlib reader over a reusable buffer.
type inflater struct {
	buf *bufio.Reader
	z   io.ReadCloser
}

var inflaters = sync.Pool{New: func() any { return &inflater{buf: bufio.NewReaderSize(nil, 4096)} }}

// inflate decompresses a stream of exactly size bytes.
func inflate(r io.Reader, size int64) ([]byte, error) {
	if size > maxObject {
		return nil, fmt.Errorf("%w: an object of %d bytes", errBadPack, size)
	}
	f := inflaters.Get().(*inflater)
	defer inflaters.Put(f)
	if small, ok := r.(*bytes.Reader); ok {
		return f.next(small, size)
	}
	f.buf.Reset(r)
	if err := f.reset(f.buf); err != nil {
		return nil, err
	}
	out := make([]byte, size)
	if _, err := io.ReadFull(f.z, out); err != nil {
		return nil, err
	}
	return out, f.drain()
}

func (f *inflater) reset(r io.Reader) (err error) {
	if f.z == nil {
		f.z, err = zlib.NewReader(r)
		return err
	}
	return f.z.(zlib.Resetter).Reset(r, nil)
}

// next decompresses exactly size bytes and leaves r at the end of the stream.
func (f *inflater) next(r *bytes.Reader, size int64) ([]byte, error) {
	if size > maxObject {
		return nil, fmt.Errorf("an object of %d bytes", size)
	}
	if err := f.reset(r); err != nil {
		return nil, err
	}
	out := make([]byte, size)
	if _, err := io.ReadFull(f.z, out); err != nil {
		return nil, err
	}
	return out, f.drain()
}

// hashNext returns the hash of a blob without keeping its content.
func (f *inflater) hashNext(r *bytes.Reader, size int64) (Hash, error) {
	if err := f.reset(r); err != nil {
		return Hash{}, err
	}
	sum := sha1.New()
	fmt.Fprintf(sum, "%s %d\x00", blobObject, size)
	if _, err := io.CopyN(sum, f.z, size); err != nil {
		return Hash{}, err
	}
	return Hash(sum.Sum(nil)), f.drain()
}

// drain reads to the end of the stream, where zlib verifies the checksum.
func (f *inflater) drain() error {
	var one [1]byte
	n, err := f.z.Read(one[:])
	if n != 0 || (err != nil && err != io.EOF) {
		return errors.Join(errors.New("trailing data"), err)
	}
	return nil
}

// packIndex is a version 2 index. It is read from disk at first, and loaded into
// memory after loadIndexAfter lookups.
type packIndex struct {
	mu      sync.Mutex
	r       io.ReaderAt
	size    int64
	lookups int
	fanout  [256]uint32
}

const loadIndexAfter = 64

func openIndex(r io.ReaderAt, size int64) (*packIndex, error) {
	var head [8 + 1024]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, fmt.Errorf("pack index: %w", err)
	}
	if string(head[:8]) != "\xfftOc\x00\x00\x00\x02" {
		return nil, errors.New("pack index: not version 2")
	}
	x := &packIndex{r: r, size: size}
	for i := range x.fanout {
		x.fanout[i] = binary.BigEndian.Uint32(head[8+4*i:])
	}
	if int64(x.count())*28+1024+8+40 > size {
		return nil, errors.New("pack index: too short")
	}
	return x, nil
}

func (x *packIndex) count() int { return int(x.fanout[255]) }

// reader returns the index on disk, or in memory after enough lookups.
func (x *packIndex) reader() io.ReaderAt {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.lookups++; x.lookups == loadIndexAfter {
		all := make([]byte, x.size)
		if _, err := x.r.ReadAt(all, 0); err == nil {
			x.r = byteReader(all)
		}
	}
	return x.r
}

// find returns the offset of an object in the pack.
func (x *packIndex) find(h Hash) (int64, bool, error) {
	lo, hi := 0, int(x.fanout[h[0]])
	if h[0] > 0 {
		lo = int(x.fanout[h[0]-1])
	}
	if lo == hi {
		return 0, false, nil
	}
	r := x.reader()
	var got Hash
	for lo < hi {
		mid := (lo + hi) / 2
		if _, err := r.ReadAt(got[:], 1032+20*int64(mid)); err != nil {
			return 0, false, fmt.Errorf("pack index: %w", err)
		}
		switch c := got.compare(h); {
		case c == 0:
			off, err := x.offset(r, mid)
			return off, err == nil, err
		case c < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false, nil
}

func (x *packIndex) offset(r io.ReaderAt, i int) (int64, error) {
	n := int64(x.count())
	var b [8]byte
	if _, err := r.ReadAt(b[:4], 1032+24*n+4*int64(i)); err != nil {
		return 0, fmt.Errorf("pack index: %w", err)
	}
	v := binary.BigEndian.Uint32(b[:4])
	if v>>31 == 0 {
		return int64(v), nil
	}
	if _, err := r.ReadAt(b[:8], 1032+28*n+8*int64(v&^(1<<31))); err != nil {
		return 0, fmt.Errorf("pack index: %w", err)
	}
	return int64(binary.BigEndian.Uint64(b[:8])), nil
}

// hash returns the hash of entry i.
func (x *packIndex) hash(i int) (h Hash, err error) {
	_, err = x.reader().ReadAt(h[:], 1032+20*int64(i))
	return h, err
}

// byteReader is a stateless io.ReaderAt over bytes.
type byteReader []byte

func (b byteReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
