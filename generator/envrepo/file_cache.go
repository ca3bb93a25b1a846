package envrepo

import (
	"sync"

	"octopod/generator/bounded"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Limits of the cached files.
const (
	maxRecords  = 20_000
	maxProjects = 8
)

// fileCache is a cache of decoded files by content: decoding YAML is most of the work of a
// read, and few files change between two reads.
type fileCache struct {
	mu       sync.Mutex
	records  *bounded.Map[recordKey, staging.Staging]
	projects *bounded.Map[gitstore.Hash, *project.Project] // shared by all readers, who do not modify them
}

func newFileCache() *fileCache {
	return &fileCache{
		records:  bounded.NewMap[recordKey, staging.Staging](maxRecords),
		projects: bounded.NewMap[gitstore.Hash, *project.Project](maxProjects),
	}
}

// recordKey identifies a record by staging and content.
type recordKey struct {
	name string
	hash gitstore.Hash
}

// record returns a copy of a cached record.
func (c *fileCache) record(name string, hash gitstore.Hash) (staging.Staging, bool) {
	c.mu.Lock()
	s, known := c.records.Get(recordKey{name, hash})
	c.mu.Unlock()
	if !known {
		return s, false
	}
	return s.Clone(), true
}

func (c *fileCache) hasRecord(name string, hash gitstore.Hash) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records.Has(recordKey{name, hash})
}

func (c *fileCache) putRecord(name string, hash gitstore.Hash, s staging.Staging) {
	kept := s.Clone()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records.Put(recordKey{name, hash}, kept)
}

func (c *fileCache) project(hash gitstore.Hash) (*project.Project, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.projects.Get(hash)
}

func (c *fileCache) putProject(hash gitstore.Hash, p *project.Project) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.projects.Put(hash, p)
}
