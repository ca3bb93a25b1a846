package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/notify/review"
	"octopod/generator/staging"
)

// JournalRefs lists the references for the journal, the preferred one first: not every
// git server accepts references that are no branches.
func JournalRefs() []string {
	return []string{"refs/octopod/notifications", "refs/heads/octopod-notifications"}
}

// journal records in the env repo's git server which notifications were delivered, and
// which server delivers them. All servers of an env repo share it; it needs no database.
type journal struct {
	open func(ctx context.Context, ref string) (*gitstore.Store, error)

	mu    sync.Mutex
	refs  []string // that the git server has not rejected
	store *gitstore.Store
}

// journalPage is what one step needs of the journal.
type journalPage struct {
	revision string
	Leader   string `json:"leader"` // the server that delivers; "" if it left in order
	Beat     int    `json:"beat"`   // changes while the leader works

	shards map[string]map[string]*delivered
}

// delivered is what was delivered about one staging to one destination, which gets its
// deliveries in order.
type delivered struct {
	Version string            `json:"version,omitempty"` // of the record that Notices are about
	Notices []string          `json:"notices,omitempty"`
	Forges  map[string]string `json:"forges,omitempty"` // checksum of the report, by its key
	At      time.Time         `json:"at"`

	Pending map[string]pendingStatus `json:"pending,omitempty"` // last reported as pending, by the same key
}

// pendingStatus is a commit status that a forge shows as pending.
type pendingStatus struct {
	Host       string        `json:"host"`
	Repository string        `json:"repository"`
	Commit     string        `json:"commit"`
	Status     review.Status `json:"status"`
}

const (
	leaderFile  = "leader.json"
	shardPrefix = "delivered-"
	// keptFor is how long the journal keeps an entry without news.
	keptFor = 90 * 24 * time.Hour
)

// shardOf returns the file of a staging: few stagings change at a time, so that a commit
// stays small in a project of thousands.
func shardOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return shardPrefix + hex.EncodeToString(sum[:1]) + ".json"
}

// of returns what was delivered about a staging. It must be one of the page.
func (p *journalPage) of(name string) *delivered {
	shard := p.shards[shardOf(name)]
	if shard[name] == nil {
		shard[name] = &delivered{Forges: map[string]string{}}
	}
	if shard[name].Forges == nil {
		shard[name].Forges = map[string]string{}
	}
	if shard[name].Pending == nil {
		shard[name].Pending = map[string]pendingStatus{}
	}
	return shard[name]
}

// readPage reads the leader, and the shards of stagings.
func readPage(snap *gitstore.Snapshot, names []string) (*journalPage, error) {
	p := &journalPage{revision: snap.Revision().String(), shards: map[string]map[string]*delivered{}}
	if err := readJSON(snap, leaderFile, p); err != nil {
		return nil, err
	}
	for _, name := range names {
		file := shardOf(name)
		if p.shards[file] != nil {
			continue
		}
		shard := map[string]*delivered{}
		if err := readJSON(snap, file, &shard); err != nil {
			return nil, err
		}
		p.shards[file] = shard
	}
	return p, nil
}

// readJSON decodes a file; a missing file changes nothing.
func readJSON(snap *gitstore.Snapshot, file string, to any) error {
	data, err := snap.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.NewDecoder(bytes.NewReader(data)).Decode(to)
}

// changes returns the files of a page.
func (p *journalPage) changes(now time.Time) []gitstore.Change {
	write := func(file string, content any) gitstore.Change {
		data, _ := json.MarshalIndent(content, "", " ") // strings, numbers and times
		return gitstore.Change{Path: file, Data: append(data, '\n')}
	}
	files := []gitstore.Change{write(leaderFile, p)}
	for _, file := range slices.Sorted(maps.Keys(p.shards)) {
		shard := p.shards[file]
		maps.DeleteFunc(shard, func(_ string, d *delivered) bool {
			return len(d.Notices)+len(d.Forges) == 0 || now.Sub(d.At) > keptFor
		})
		if len(shard) > 0 {
			files = append(files, write(file, shard))
		}
	}
	return files
}

// read reads a page.
func (j *journal) read(ctx context.Context, names []string) (*journalPage, error) {
	store, err := j.opened(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return readPage(snap, names)
}

// change edits a page, by compare-and-swap. The edit runs again when another server was
// first. A git server that rejects the reference gets the next one.
func (j *journal) change(ctx context.Context, names []string, now time.Time, message string, edit func(*journalPage) error) (*journalPage, error) {
	for {
		store, err := j.opened(ctx)
		if err != nil {
			return nil, err
		}
		var p *journalPage
		done, err := store.Change(ctx, func(_ context.Context, tip *gitstore.Snapshot) (c gitstore.Commit, err error) {
			if p, err = readPage(tip, names); err == nil {
				err = edit(p)
			}
			if err != nil {
				return c, err
			}
			return gitstore.Commit{Message: message, Changes: p.changes(now)}, nil
		})
		if err == nil {
			p.revision = done.Revision.String()
			return p, nil
		}
		if staging.CodeOf(err) != staging.CodeForbidden || len(j.refs) == 1 {
			return nil, err
		}
		_ = store.Close() // nothing was written
		j.mu.Lock()
		j.store, j.refs = nil, j.refs[1:]
		j.mu.Unlock()
	}
}

// pending returns the commit statuses of all stagings that are pending: by the marker of the
// staging, and by key.
func (j *journal) pending(ctx context.Context) (map[string]map[string]pendingStatus, error) {
	store, err := j.opened(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := store.Snapshot(ctx)
	if err == nil {
		err = snap.Prefetch(ctx, ".")
	}
	if err != nil {
		return nil, err
	}
	files, err := snap.ReadDir(".")
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]pendingStatus{}
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), shardPrefix) {
			continue
		}
		shard := map[string]*delivered{}
		if err := readJSON(snap, file.Name(), &shard); err != nil {
			return nil, err
		}
		for marker, d := range shard {
			if len(d.Pending) > 0 {
				all[marker] = d.Pending
			}
		}
	}
	return all, nil
}

func (j *journal) opened(ctx context.Context) (_ *gitstore.Store, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.store == nil {
		j.store, err = j.open(ctx, j.refs[0])
	}
	return j.store, err
}

func (j *journal) close() error {
	if j.store == nil {
		return nil
	}
	return j.store.Close()
}
