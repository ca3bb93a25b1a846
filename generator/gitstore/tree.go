package gitstore

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
)

// Mode is the kind of a tree entry, in git's own numbers.
type Mode uint32

// The modes that git writes.
const (
	ModeDir        Mode = 0o040000
	ModeFile       Mode = 0o100644
	ModeExecutable Mode = 0o100755
	ModeSymlink    Mode = 0o120000
	ModeSubmodule  Mode = 0o160000
)

// TreeRef is an entry of a tree: the object and its mode.
type TreeRef struct {
	Hash Hash
	Mode Mode
}

// IsDir reports whether the entry is a directory.
func (r TreeRef) IsDir() bool { return r.Mode == ModeDir }

// tree is the raw bytes of a tree object and the offsets of its entries. Entries are
// decoded only when they are used: reading a directory of 10,000 entries takes a
// fraction of the time of decoding it, and writing copies all unchanged bytes.
type tree struct {
	hash Hash
	raw  []byte
	at   []int32 // offset of each entry
}

var errBadTree = errors.New("malformed tree object")

// parseTree finds the entries in the raw bytes of a tree.
func parseTree(hash Hash, raw []byte) (*tree, error) {
	t := &tree{hash: hash, raw: raw, at: make([]int32, 0, len(raw)/36+1)}
	for pos := 0; pos < len(raw); {
		nul := bytes.IndexByte(raw[pos:], 0)
		space := bytes.IndexByte(raw[pos:], ' ')
		if nul < 0 || space < 5 || space > nul || pos+nul+21 > len(raw) {
			return nil, fmt.Errorf("%s: %w", hash, errBadTree)
		}
		t.at = append(t.at, int32(pos))
		pos += nul + 21
	}
	return t, nil
}

// parseSimilar parses a tree that is similar to a parsed one. It reads only the
// bytes between their common prefix and suffix.
func parseSimilar(hash Hash, raw []byte, like *tree) (*tree, error) {
	if like == nil || len(like.at) < 64 {
		return parseTree(hash, raw)
	}
	head := like.entryAt(commonPrefix(like.raw, raw)) // entries before this one are the same
	from := like.start(head)
	tail := commonSuffix(like.raw[from:], raw[from:])
	same := like.entryAt(len(like.raw)-tail) + 1 // entries from this one on are the same
	if same >= len(like.at) {
		return parseTree(hash, raw)
	}
	shift := int32(len(raw) - len(like.raw))
	middle, err := parseTree(hash, raw[from:like.at[same]+shift])
	if err != nil {
		return parseTree(hash, raw)
	}
	t := &tree{hash: hash, raw: raw, at: make([]int32, 0, len(like.at)+middle.len())}
	t.at = append(t.at, like.at[:head]...)
	for _, at := range middle.at {
		t.at = append(t.at, at+int32(from))
	}
	for _, at := range like.at[same:] {
		t.at = append(t.at, at+shift)
	}
	return t, nil
}

func (t *tree) len() int { return len(t.at) }

// end returns the offset of the end of entry i.
func (t *tree) end(i int) int {
	if i+1 < len(t.at) {
		return int(t.at[i+1])
	}
	return len(t.raw)
}

// start returns the offset of entry i; past the last entry, the size of the tree.
func (t *tree) start(i int) int {
	if i < len(t.at) {
		return int(t.at[i])
	}
	return len(t.raw)
}

// entryAt returns the entry that contains the byte at an offset.
func (t *tree) entryAt(offset int) int {
	lo, hi := 0, len(t.at)
	for lo < hi {
		if mid := (lo + hi) / 2; t.end(mid) <= offset {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// name returns the name of entry i, without a copy.
func (t *tree) name(i int) []byte {
	e := t.raw[t.at[i]:t.end(i)]
	return e[bytes.IndexByte(e, ' ')+1 : len(e)-21]
}

// ref returns the mode and hash of entry i.
func (t *tree) ref(i int) TreeRef {
	e := t.raw[t.at[i]:t.end(i)]
	mode, _ := strconv.ParseUint(string(e[:bytes.IndexByte(e, ' ')]), 8, 32)
	return TreeRef{Hash: Hash(e[len(e)-20:]), Mode: canonicalMode(Mode(mode))}
}

// canonicalMode maps modes that old or other git implementations write to git's own.
func canonicalMode(m Mode) Mode {
	if m&0o170000 != 0o100000 {
		return m
	}
	if m&0o100 != 0 {
		return ModeExecutable
	}
	return ModeFile
}

func (t *tree) isDir(i int) bool { return t.raw[t.at[i]] == '4' || t.raw[t.at[i]] == '0' }

// search returns the position of a name in git's order, where a directory sorts as
// if its name ended in a slash, and whether the entry there has that name and kind.
func (t *tree) search(name string, dir bool) (int, bool) {
	i := sort.Search(len(t.at), func(i int) bool {
		return compareNames(t.name(i), t.isDir(i), name, dir) >= 0
	})
	found := i < len(t.at) && string(t.name(i)) == name && t.isDir(i) == dir
	return i, found
}

// lookup finds the file or directory of a name.
func (t *tree) lookup(name string) (TreeRef, bool) {
	for _, dir := range []bool{true, false} {
		if i, ok := t.search(name, dir); ok {
			return t.ref(i), true
		}
	}
	return TreeRef{}, false
}

// compareNames implements git's base_name_compare.
func compareNames(a []byte, aDir bool, b string, bDir bool) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return int(byteAt(a, n, aDir)) - int(byteAt([]byte(b[n:]), 0, bDir))
}

func byteAt(s []byte, i int, dir bool) byte {
	switch {
	case i < len(s):
		return s[i]
	case dir:
		return '/'
	}
	return 0
}

// entryChange sets an entry of a tree, or removes it when ref is zero.
type entryChange struct {
	name string
	ref  TreeRef
}

// splice is one replacement in the raw bytes of a tree.
type splice struct {
	from, to int
	with     []byte
}

// apply returns the raw bytes of the tree with the changes made. A change replaces
// an entry of either kind, so a file may become a directory.
func (t *tree) apply(changes []entryChange) []byte {
	splices := make([]splice, 0, len(changes))
	grow := 0
	for _, c := range changes {
		splices = t.plan(splices, c)
		grow += len(c.name) + 28
	}
	slices.SortStableFunc(splices, func(a, b splice) int {
		if a.from != b.from {
			return a.from - b.from
		}
		if len(a.with) > 0 && len(b.with) > 0 {
			return compareEntries(a.with, b.with)
		}
		return len(b.with) - len(a.with) // insertions before a removal at the same place
	})
	out := make([]byte, 0, len(t.raw)+grow)
	pos := 0
	for _, s := range splices {
		if s.from > pos {
			out = append(out, t.raw[pos:s.from]...)
		}
		out = append(out, s.with...)
		pos = max(pos, s.to)
	}
	return append(out, t.raw[pos:]...)
}

// plan appends the splices of one change.
func (t *tree) plan(splices []splice, c entryChange) []splice {
	wantDir := c.ref.Mode == ModeDir
	keep := !c.ref.Hash.IsZero()
	for _, dir := range []bool{false, true} {
		i, found := t.search(c.name, dir)
		from := len(t.raw)
		if i < len(t.at) {
			from = int(t.at[i])
		}
		s := splice{from: from, to: from}
		if found {
			s.to = t.end(i)
		}
		if keep && dir == wantDir {
			s.with = encodeEntry(c.name, c.ref)
		}
		if s.to > s.from || s.with != nil {
			splices = append(splices, s)
		}
	}
	return splices
}

func encodeEntry(name string, ref TreeRef) []byte {
	out := make([]byte, 0, len(name)+28)
	out = strconv.AppendUint(out, uint64(ref.Mode), 8)
	out = append(out, ' ')
	out = append(out, name...)
	out = append(out, 0)
	return append(out, ref.Hash[:]...)
}

// compareEntries orders two encoded entries.
func compareEntries(a, b []byte) int {
	nameOf := func(e []byte) []byte { return e[bytes.IndexByte(e, ' ')+1 : len(e)-21] }
	return compareNames(nameOf(a), a[0] == '4', string(nameOf(b)), b[0] == '4')
}
