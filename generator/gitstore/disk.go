package gitstore

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// disk is the object database of a local repository: loose objects, packs and
// alternates, as the git command writes them. It is safe to use while git gc
// runs: after a failed read it lists the packs again and retries.
type disk struct {
	dir   string // …/objects
	depth int    // of alternates of alternates; git's limit is 5
	bases *cache[packOffset, object]

	mu      sync.Mutex
	packs   []*diskPack // the one read last comes first
	alts    []*disk     // alternates
	scanned bool
}

// diskPack is a pack on disk, opened on first use.
type diskPack struct {
	name string // path of pack-….pack without the extension
	once sync.Once
	file *packFile
	err  error
}

const (
	baseCacheBytes = 8 << 20
	smallIndex     = 64 << 10 // an index up to this size is read into memory
)

func openDisk(dir string) *disk {
	return &disk{dir: dir, bases: newCache[packOffset, object](baseCacheBytes)}
}

// object reads a whole object.
func (d *disk) object(ctx context.Context, h Hash) (o object, err error) {
	err = d.locate(ctx, h, func(p *packFile, at int64) error {
		o, err = p.read(ctx, at, d.object)
		return err
	}, func(f io.Reader) error {
		o, err = readLoose(f)
		return err
	})
	return o, err
}

// size returns the size of an object without reading all of it.
func (d *disk) size(ctx context.Context, h Hash) (n int64, err error) {
	err = d.locate(ctx, h, func(p *packFile, at int64) error {
		n, err = p.sizeAt(at)
		return err
	}, func(f io.Reader) error {
		_, n, _, err = looseHeader(f)
		return err
	})
	return n, err
}

// locate finds an object in a pack or as a loose file and passes it to inPack or
// loose. Another process may repack at the same time, so it tries twice.
func (d *disk) locate(ctx context.Context, h Hash, inPack func(*packFile, int64) error, loose func(io.Reader) error) error {
	var err error
	for range 2 {
		if err = ctx.Err(); err != nil {
			return err
		}
		if err = d.locateOnce(h, inPack, loose); err == nil {
			return nil
		}
		d.rescan()
	}
	for _, o := range d.alternates() {
		if err := o.locate(ctx, h, inPack, loose); !errors.Is(err, errNoObject) {
			return err
		}
	}
	return err
}

func (d *disk) locateOnce(h Hash, inPack func(*packFile, int64) error, loose func(io.Reader) error) error {
	for _, p := range d.packList() {
		file, err := p.open(d.bases)
		if err != nil {
			continue // removed or unreadable: the object may be elsewhere
		}
		at, ok, err := file.index.find(h)
		if err != nil || !ok {
			continue
		}
		if err := inPack(file, at); err != nil {
			return err
		}
		d.moveToFront(p)
		return nil
	}
	name := h.String()
	f, err := os.Open(filepath.Join(d.dir, name[:2], name[2:]))
	if errors.Is(err, fs.ErrNotExist) {
		return missing(h)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return loose(f)
}

// packList returns the packs in the order to try them.
func (d *disk) packList() []*diskPack {
	d.mu.Lock()
	scanned := d.scanned
	packs := slices.Clone(d.packs)
	d.mu.Unlock()
	if !scanned {
		d.rescan()
		return d.packList()
	}
	return packs
}

func (d *disk) moveToFront(p *diskPack) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.Index(d.packs, p); i > 0 {
		copy(d.packs[1:i+1], d.packs[:i])
		d.packs[0] = p
	}
}

func (d *disk) alternates() []*disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.alts
}

// rescan lists the packs on disk again and closes the removed ones.
func (d *disk) rescan() {
	names := glob(filepath.Join(d.dir, "pack"), "pack-*.idx")
	d.mu.Lock()
	defer d.mu.Unlock()
	there := make(map[string]bool, len(names))
	for _, n := range names {
		there[strings.TrimSuffix(n, ".idx")] = true
	}
	d.packs = slices.DeleteFunc(d.packs, func(p *diskPack) bool {
		if there[p.name] {
			delete(there, p.name)
			return false
		}
		p.close()
		return true
	})
	fresh := make([]*diskPack, 0, len(there))
	for n := range there {
		fresh = append(fresh, &diskPack{name: n})
	}
	slices.SortFunc(fresh, func(a, b *diskPack) int { return cmp.Compare(a.name, b.name) })
	d.packs = append(d.packs, fresh...)
	if !d.scanned {
		d.alts = d.readAlternates()
	}
	d.scanned = true
}

// glob lists the files of a directory whose names match pattern. Unlike
// filepath.Glob, it takes dir literally, [ included.
func glob(dir, pattern string) []string {
	names, _ := fs.Glob(os.DirFS(dir), pattern)
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	return names
}

// close closes all files.
func (d *disk) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.packs {
		p.close()
	}
	for _, o := range d.alts {
		o.close()
	}
	d.packs, d.alts, d.scanned = nil, nil, false
}

func (d *disk) readAlternates() []*disk {
	list, err := os.ReadFile(filepath.Join(d.dir, "info", "alternates"))
	if err != nil || d.depth >= 5 {
		return nil
	}
	var out []*disk
	for line := range strings.Lines(string(list)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(d.dir, line)
		}
		other := openDisk(line)
		other.depth = d.depth + 1
		out = append(out, other)
	}
	return out
}

func (p *diskPack) open(bases *cache[packOffset, object]) (*packFile, error) {
	p.once.Do(func() { p.file, p.err = openPackFile(p.name, bases) })
	return p.file, p.err
}

func (p *diskPack) close() {
	p.once.Do(func() { p.err = fs.ErrClosed })
	if p.file != nil {
		_ = p.file.close()
	}
}

func openPackFile(name string, bases *cache[packOffset, object]) (*packFile, error) {
	index, closeIndex, err := openIndexFile(name + ".idx")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name + ".pack")
	if err != nil {
		_ = closeIndex()
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, closeIndex(), f.Close())
	}
	return &packFile{
		r: f, size: info.Size(), index: index, bases: bases,
		close: func() error { return errors.Join(f.Close(), closeIndex()) },
	}, nil
}

func openIndexFile(name string) (*packIndex, func() error, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	var r io.ReaderAt = f
	shut := f.Close
	if info.Size() <= smallIndex {
		all, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, nil, err
		}
		r, shut = byteReader(all), func() error { return nil }
	}
	index, err := openIndex(r, info.Size())
	if err != nil {
		return nil, nil, errors.Join(err, shut())
	}
	return index, shut, nil
}

// looseHeader reads the header of a loose object and returns a reader of the rest.
func looseHeader(f io.Reader) (objectType, int64, io.Reader, error) {
	z := &inflater{}
	if err := z.reset(bufio.NewReader(f)); err != nil {
		return 0, 0, nil, err
	}
	r := bufio.NewReader(z.z)
	head, err := r.ReadString(0)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("loose object: %w", err)
	}
	name, digits, _ := strings.Cut(strings.TrimSuffix(head, "\x00"), " ")
	kind, ok := parseObjectType(name)
	size, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || size < 0 || size > maxObject {
		return 0, 0, nil, fmt.Errorf("loose object: malformed header %.40q", head)
	}
	return kind, size, r, nil
}

func readLoose(f io.Reader) (object, error) {
	kind, size, r, err := looseHeader(f)
	if err != nil {
		return object{}, err
	}
	var b bytes.Buffer
	b.Grow(int(min(size, 1<<20)))
	if n, err := io.Copy(&b, r); err != nil || n != size {
		return object{}, errors.Join(errors.New("loose object: wrong size"), err)
	}
	return object{kind, b.Bytes()}, nil
}

// diskSource makes a disk a source of objects.
type diskSource struct{ *disk }

func (diskSource) isLocal(context.Context, Hash) bool { return true }

func (diskSource) prefetch(context.Context, []Hash) error { return nil }
