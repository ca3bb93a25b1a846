package gitstore

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"io"
	"slices"
	"sync"
)

// uncompressedOver is the size in bytes over which a local repository stores objects
// uncompressed: compressing the tree of 10,000 stagings would take longer than the
// rest of the commit, and the next repack stores it as a delta.
const uncompressedOver = 16 << 10

// packed is a finished pack.
type packed struct {
	data  []byte
	sum   Hash
	index []indexEntry
}

type indexEntry struct {
	hash   Hash
	offset int64
	crc    uint32
}

// packWriter encodes objects as one pack in memory. It is meant for the few objects
// of a batch of commits.
type packWriter struct {
	buf        bytes.Buffer
	index      []indexEntry
	offsets    map[Hash]int64
	level      int  // zlib level of small objects
	storeLarge bool // store large objects uncompressed
}

func newPackWriter(objects, level int, store bool) *packWriter {
	w := &packWriter{offsets: make(map[Hash]int64, objects), level: level, storeLarge: store}
	w.buf.WriteString("PACK\x00\x00\x00\x02")
	_ = binary.Write(&w.buf, binary.BigEndian, uint32(objects))
	return w
}

// has reports whether the pack already contains an object.
func (w *packWriter) has(h Hash) bool {
	_, ok := w.offsets[h]
	return ok
}

// add writes a whole object.
func (w *packWriter) add(o newObject) { w.writeEntry(o.hash, o.kind, len(o.data), nil, o.data) }

// addDelta writes an object as a delta. It names the base by offset when this pack
// contains it, else by hash, which makes the pack thin.
func (w *packWriter) addDelta(o newObject, delta []byte) {
	at, inside := w.offsets[o.base]
	if !inside {
		w.writeEntry(o.hash, refDelta, len(delta), o.base[:], delta)
		return
	}
	w.writeEntry(o.hash, ofsDelta, len(delta), encodeOffset(int64(w.buf.Len())-at), delta)
}

func (w *packWriter) writeEntry(h Hash, kind objectType, size int, link, body []byte) {
	start := w.buf.Len()
	w.offsets[h] = int64(start)
	first := byte(kind)<<4 | byte(size&15)
	for rest := size >> 4; ; rest >>= 7 {
		if rest == 0 {
			w.buf.WriteByte(first)
			break
		}
		w.buf.WriteByte(first | 0x80)
		first = byte(rest & 0x7f)
	}
	w.buf.Write(link)
	if len(body) > uncompressedOver && w.storeLarge {
		writeStored(&w.buf, body)
	} else {
		deflate(&w.buf, body, w.level)
	}
	w.index = append(w.index, indexEntry{h, int64(start), crc32.ChecksumIEEE(w.buf.Bytes()[start:])})
}

// encodeOffset encodes the distance to the base of a delta.
func encodeOffset(n int64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append(out, byte(n&0x7f)|0x80)
	}
	slices.Reverse(out)
	return out
}

// finish returns the pack, named by the checksum of its content.
func (w *packWriter) finish() packed {
	sum := sha1.Sum(w.buf.Bytes())
	w.buf.Write(sum[:])
	slices.SortFunc(w.index, func(a, b indexEntry) int { return a.hash.compare(b.hash) })
	return packed{data: w.buf.Bytes(), sum: sum, index: w.index}
}

// encodeIndex encodes the version 2 index of the pack.
func (p packed) encodeIndex() []byte {
	n := len(p.index)
	out := make([]byte, 0, 8+1024+28*n+40)
	out = append(out, 0xff, 't', 'O', 'c', 0, 0, 0, 2)
	next := 0
	for b := range 256 {
		for next < n && int(p.index[next].hash[0]) <= b {
			next++
		}
		out = binary.BigEndian.AppendUint32(out, uint32(next))
	}
	for _, e := range p.index {
		out = append(out, e.hash[:]...)
	}
	for _, e := range p.index {
		out = binary.BigEndian.AppendUint32(out, e.crc)
	}
	var far []byte
	for _, e := range p.index {
		if e.offset < 1<<31 {
			out = binary.BigEndian.AppendUint32(out, uint32(e.offset))
			continue
		}
		out = binary.BigEndian.AppendUint32(out, 1<<31|uint32(len(far)/8))
		far = binary.BigEndian.AppendUint64(far, uint64(e.offset))
	}
	out = append(append(out, far...), p.sum[:]...)
	sum := sha1.Sum(out)
	return append(out, sum[:]...)
}

// writeStored writes a zlib stream without compression: a header, stored blocks of
// up to 64 KiB, and a checksum.
func writeStored(w *bytes.Buffer, body []byte) {
	const most = 0xffff
	w.Grow(len(body) + 5*(len(body)/most+1) + 6 + 20)
	w.Write([]byte{0x78, 0x01})
	for rest := body; ; {
		n := min(len(rest), most)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		w.Write([]byte{last, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)})
		w.Write(rest[:n])
		if rest = rest[n:]; last == 1 {
			break
		}
	}
	_ = binary.Write(w, binary.BigEndian, adler32.Checksum(body))
}

// deflaters pools zlib writers by level, because each needs much memory.
var deflaters [flate.BestCompression + 1]sync.Pool

func deflate(w io.Writer, body []byte, level int) {
	z, _ := deflaters[level].Get().(*zlib.Writer)
	if z == nil {
		z, _ = zlib.NewWriterLevel(w, level)
	} else {
		z.Reset(w)
	}
	_, _ = z.Write(body) // w is a buffer in memory: writing cannot fail
	_ = z.Close()
	deflaters[level].Put(z)
}
