package helm

import (
	"io/fs"
	"time"
)

// entryInfo is the part of a file's information that the rules of .helmignore read.
type entryInfo struct {
	name string
	dir  bool
}

func (i entryInfo) Name() string       { return i.name }
func (i entryInfo) IsDir() bool        { return i.dir }
func (i entryInfo) Size() int64        { return 0 }
func (i entryInfo) ModTime() time.Time { return time.Time{} }
func (i entryInfo) Sys() any           { return nil }
func (i entryInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir
	}
	return 0
}
