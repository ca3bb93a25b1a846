package gitstore

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A local repository gets a small pack with every push. Once there are foldAt
// of a size, they are made into one, in which a tree is stored as the difference
// to the next newer version. So a repository that only Octopod writes has fewer
// than foldAt packs of each of two sizes, and git gc may run whenever it likes.
const foldAt = 50

// foldSizes are the most objects of a pack of each size.
var foldSizes = [...]int{300, 30_000}

// foldPack is a pack that may be folded.
type foldPack struct {
	name    string // without the extension
	objects int
	when    time.Time
}

// fold makes one pack of many small ones, when there are enough.
func (d *disk) fold(ctx context.Context, fsync bool) error {
	least := 0
	for _, most := range foldSizes {
		packs, err := d.foldable(least, most)
		if err != nil {
			return err
		}
		if len(packs) >= foldAt {
			return d.foldPacks(ctx, packs, fsync)
		}
		least = most
	}
	return nil
}

// foldable lists the packs with more than least and up to most objects, the
// newest first. What git keeps or describes beside a pack stays as it is.
func (d *disk) foldable(least, most int) ([]foldPack, error) {
	entries, err := os.ReadDir(filepath.Join(d.dir, "pack"))
	if err != nil {
		return nil, err
	}
	special := map[string]bool{}
	for _, e := range entries {
		name, ext := splitExt(e.Name())
		special[name] = special[name] || (ext != ".pack" && ext != ".idx" && ext != ".rev")
	}
	var out []foldPack
	for _, e := range entries {
		name, ext := splitExt(e.Name())
		if ext != ".idx" || special[name] || !strings.HasPrefix(name, "pack-") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // folded or repacked by somebody else
		}
		objects := int(info.Size()-1072) / 28
		if objects > least && objects <= most {
			out = append(out, foldPack{filepath.Join(d.dir, "pack", name), objects, info.ModTime()})
		}
	}
	slices.SortFunc(out, func(a, b foldPack) int { return cmp.Or(b.when.Compare(a.when), cmp.Compare(a.name, b.name)) })
	return out, nil
}

func splitExt(file string) (name, ext string) {
	ext = filepath.Ext(file)
	return strings.TrimSuffix(file, ext), ext
}

// foldPacks writes the new pack and then removes the old ones. Whoever has an
// old one open reads on; whoever looks for it finds the new one.
func (d *disk) foldPacks(ctx context.Context, packs []foldPack, fsync bool) error {
	path := filepath.Join(d.dir, "octopod-fold.lock")
	held, err := tryLock(filepath.Dir(d.dir), path, nil)
	if errors.Is(err, fs.ErrExist) {
		takeOver(path)
		return nil // another process is at it, or the next call will be
	}
	if err != nil {
		return err
	}
	defer func() { _ = held.release() }()
	p, err := d.gather(ctx, packs)
	if err != nil {
		return err
	}
	name := filepath.Join(d.dir, "pack", "pack-"+p.sum.String())
	if err := d.writePack(name, p, fsync, nil); err != nil {
		return err
	}
	for _, old := range packs {
		if _, err := os.Stat(old.name + ".keep"); err == nil || old.name == name {
			continue
		}
		for _, ext := range []string{".idx", ".rev", ".pack"} {
			if err := os.Remove(old.name + ext); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	d.rescan()
	return nil
}

// gather writes every object of some packs into one.
func (d *disk) gather(ctx context.Context, packs []foldPack) (packed, error) {
	var order []Hash
	seen := map[Hash]bool{}
	for _, p := range packs {
		index, shut, err := openIndexFile(p.name + ".idx")
		if err != nil {
			return packed{}, err
		}
		for i := range index.count() {
			h, err := index.hash(i)
			if err != nil {
				return packed{}, errors.Join(err, shut())
			}
			if !seen[h] {
				seen[h] = true
				order = append(order, h)
			}
		}
		if err := shut(); err != nil {
			return packed{}, err
		}
	}
	w := newPackWriter(len(order), 1, false)
	var near window
	for _, h := range order {
		o, err := d.object(ctx, h)
		if err != nil {
			return packed{}, err
		}
		near.add(w, newObject{hash: h, object: o})
	}
	return w.finish(), nil
}

// window is the trees that were written last: the next older version of one of
// them is most often among those that follow.
type window struct {
	trees []windowTree
}

type windowTree struct {
	newObject
	depth int
}

const windowSize = 10

// add writes an object, as a delta when a tree in the window is much like it.
func (n *window) add(w *packWriter, o newObject) {
	if o.kind != treeObject || len(o.data) <= deltaOver {
		w.add(o)
		return
	}
	depth := 0
	var best []byte
	for _, t := range n.trees {
		if t.depth >= maxDepth || len(t.data) > 2*len(o.data) || len(o.data) > 2*len(t.data) {
			continue
		}
		if delta := makeDelta(t.data, o.data); delta != nil && (best == nil || len(delta) < len(best)) {
			best, o.base, depth = delta, t.hash, t.depth+1
		}
	}
	if best == nil {
		w.add(o)
	} else {
		w.addDelta(o, best)
	}
	if n.trees = append(n.trees, windowTree{o, depth}); len(n.trees) > windowSize {
		n.trees = n.trees[1:]
	}
}
