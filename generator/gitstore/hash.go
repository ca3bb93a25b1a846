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

// emptyTree is the hash of the tree without entries. Git reads it even where it is
// not stored.
var emptyTree = hashObject(treeObject, nil)

// String returns all 40 digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short returns the 7 digits that tables show.
func (h Hash) Short() string { return h.String()[:7] }

// IsZero reports whether h is the zero hash, which names no object.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText returns the 40 digits, so that JSON and logs show a Hash in hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

func (h Hash) compare(o Hash) int { return bytes.Compare(h[:], o[:]) }

// parseHash decodes 40 hexadecimal digits.
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

// objectType is the type of an object, by its number in packs.
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

// parseObjectType parses the type in the header of a loose object.
func parseObjectType(s string) (objectType, bool) {
	for _, t := range []objectType{commitObject, treeObject, blobObject, tagObject} {
		if t.String() == s {
			return t, true
		}
	}
	return 0, false
}

// object is a whole git object. Its data is shared and must not be modified.
type object struct {
	kind objectType
	data []byte
}

// newObject is an object that the repository does not have yet.
type newObject struct {
	hash Hash
	object
	base Hash // a similar tree, as the base of a delta; zero when there is none
}

func makeObject(kind objectType, data []byte) newObject {
	return newObject{hash: hashObject(kind, data), object: object{kind, data}}
}

// BlobHash returns git's hash of a file's content.
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
