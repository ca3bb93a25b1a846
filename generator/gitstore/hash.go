package gitstore

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"strconv"

	"octopod/generator/staging"
)

// Hash names a git object.
type Hash [20]byte

// emptyTree is the name of the tree without entries. Git knows it without it
// being stored anywhere.
var emptyTree = hashObject(treeObject, nil)

// String gives all 40 digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short gives the 7 digits that tables show.
func (h Hash) Short() string { return h.String()[:7] }

// IsZero tells whether h names nothing.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText gives the 40 digits, so that a Hash reads well in JSON and logs.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

func (h Hash) compare(o Hash) int { return bytes.Compare(h[:], o[:]) }

// parseHash reads 40 hexadecimal digits.
func parseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 2*len(h) {
		return Hash{}, staging.Errorf(staging.CodeInvalid, "%.60q is not a revision: it needs 40 hexadecimal digits", s)
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, staging.Errorf(staging.CodeInvalid, "%q is not a revision: it needs 40 hexadecimal digits", s)
	}
	return h, nil
}

// objectType is the type of an object as packs number it.
type objectType byte

const (
	commitObject objectType = 1
	treeObject   objectType = 2
	blobObject   objectType = 3
	tagObject    objectType = 4
	ofsDelta     objectType = 6
	refDelta     objectType = 7
)

func (t objectType) String() string {
	switch t {
	case commitObject:
		return "commit"
	case treeObject:
		return "tree"
	case blobObject:
		return "blob"
	case tagObject:
		return "tag"
	}
	return "object type " + strconv.Itoa(int(t))
}

// parseObjectType reads the type as a loose object's header spells it.
func parseObjectType(s string) (objectType, bool) {
	for _, t := range []objectType{commitObject, treeObject, blobObject, tagObject} {
		if t.String() == s {
			return t, true
		}
	}
	return 0, false
}

// object is one git object, whole. Its data is shared and never changed.
type object struct {
	kind objectType
	data []byte
}

// newObject is an object that the remote does not have yet.
type newObject struct {
	hash Hash
	object
	base Hash // a tree that this one differs little from; zero when there is none
}

func makeObject(kind objectType, data []byte) newObject {
	return newObject{hash: hashObject(kind, data), object: object{kind, data}}
}

// BlobHash is the name git gives to a file's content.
func BlobHash(data []byte) Hash { return hashObject(blobObject, data) }

func hashObject(kind objectType, data []byte) Hash {
	h := sha1.New()
	head := make([]byte, 0, 32)
	head = append(head, kind.String()...)
	head = append(head, ' ')
	head = strconv.AppendInt(head, int64(len(data)), 10)
	h.Write(append(head, 0))
	h.Write(data)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}
