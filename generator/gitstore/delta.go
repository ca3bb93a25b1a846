package gitstore

import (
	"encoding/binary"
	"errors"
)

const (
	minDeltaSize  = 512 // bytes; a delta of a smaller tree saves nothing
	maxDeltaDepth = 40  // length of a chain of deltas; git's limit is 50
)

var errBadDelta = errors.New("malformed delta")

// deltaSizes decodes the two sizes at the start of a delta.
func deltaSizes(delta []byte) (base, result uint64, rest []byte, err error) {
	base, n := binary.Uvarint(delta)
	if n <= 0 {
		return 0, 0, nil, errBadDelta
	}
	result, m := binary.Uvarint(delta[n:])
	if m <= 0 {
		return 0, 0, nil, errBadDelta
	}
	return base, result, delta[n+m:], nil
}

// applyDelta builds an object from its base and a delta.
func applyDelta(base, delta []byte) ([]byte, error) {
	baseSize, size, ops, err := deltaSizes(delta)
	if err != nil || baseSize != uint64(len(base)) || size > maxObject {
		return nil, errBadDelta
	}
	out := make([]byte, 0, size)
	for len(ops) > 0 {
		op := ops[0]
		ops = ops[1:]
		if op&0x80 == 0 { // insert
			n := int(op)
			if n == 0 || n > len(ops) {
				return nil, errBadDelta
			}
			out = append(out, ops[:n]...)
			ops = ops[n:]
			continue
		}
		var from, n uint32
		if from, n, ops, err = copyRange(op, ops); err != nil {
			return nil, err
		}
		if uint64(from)+uint64(n) > uint64(len(base)) {
			return nil, errBadDelta
		}
		out = append(out, base[from:from+n]...)
	}
	if uint64(len(out)) != size {
		return nil, errBadDelta
	}
	return out, nil
}

// copyRange decodes the operands of a copy instruction.
func copyRange(op byte, ops []byte) (from, n uint32, rest []byte, err error) {
	for i := range 7 {
		if op&(1<<i) == 0 {
			continue
		}
		if len(ops) == 0 {
			return 0, 0, nil, errBadDelta
		}
		if i < 4 {
			from |= uint32(ops[0]) << (8 * i)
		} else {
			n |= uint32(ops[0]) << (8 * (i - 4))
		}
		ops = ops[1:]
	}
	if n == 0 {
		n = 0x10000
	}
	return from, n, ops, nil
}

// makeDelta encodes target as base with one range replaced, which fits the tree of
// all stagings after one of them changed. It returns nil when the delta would save
// less than half.
func makeDelta(base, target []byte) []byte {
	head := commonPrefix(base, target)
	tail := commonSuffix(base[head:], target[head:])
	middle := target[head : len(target)-tail]
	if len(middle) > len(target)/2 {
		return nil
	}
	out := make([]byte, 0, 64+len(middle)+len(middle)/127)
	out = binary.AppendUvarint(out, uint64(len(base)))
	out = binary.AppendUvarint(out, uint64(len(target)))
	out = appendCopy(out, 0, head)
	for len(middle) > 0 {
		n := min(127, len(middle))
		out = append(append(out, byte(n)), middle[:n]...)
		middle = middle[n:]
	}
	return appendCopy(out, len(base)-tail, tail)
}

func appendCopy(out []byte, from, n int) []byte {
	const most = 0xffffff // pack version 2 allows three bytes of length
	for n > 0 {
		step := min(n, most)
		op := len(out)
		out = append(out, 0x80)
		for i := range 4 {
			if b := byte(from >> (8 * i)); b != 0 {
				out[op] |= 1 << i
				out = append(out, b)
			}
		}
		for i := range 3 {
			if b := byte(step >> (8 * i)); b != 0 {
				out[op] |= 1 << (4 + i)
				out = append(out, b)
			}
		}
		from, n = from+step, n-step
	}
	return out
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if binary.LittleEndian.Uint64(a[i:]) != binary.LittleEndian.Uint64(b[i:]) {
			break
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

func commonSuffix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if binary.LittleEndian.Uint64(a[len(a)-i-8:]) != binary.LittleEndian.Uint64(b[len(b)-i-8:]) {
			break
		}
	}
	for i < n && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	return i
}
