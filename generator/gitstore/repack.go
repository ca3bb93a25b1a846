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

// repackAt is the number of packs of one size that triggers a repack. Every push
// adds a small pack to a local repository. A repack merges them into one, which
// stores a tree as a delta of the next newer version. So a repository that only
// Octopod writes has fewer than repackAt packs of each of two sizes. git gc may
// run at any time.
const repackAt = 50

// repackSizes are the upper limits of the two sizes, in objects.
var repackSizes = [...]int{300, 30_000}

// repackLock must keep its name: processes of several versions may share the
// repository.
const repackLock = "octopod-fold.lock"

// smallPack is a pack that a repack may replace.
type smallPack struct {
	name    string // path without the extension
	objects int
	when    time.Time
}

// repack merges the small packs of a size when there are enough of them.
func (d *disk) repack(ctx context.Context) error {
	least := 0
	for _, most := range repackSizes {
		packs, err := d.smallPacks(least, most)
		if err != nil {
			return err
		}
		if len(packs) >= repackAt {
			return d.mergePacks(ctx, packs)
		}
		least = most
	}
	return nil
}

// smallPacks lists the packs with more than least and up to most objects, newest
// first. It skips packs with other files beside them: .keep, .bitmap and so on.
func (d *disk) smallPacks(least, most int) ([]smallPack, error) {
	entries, err := os.ReadDir(filepath.Join(d.dir, "pack"))
	if err != nil {
		return nil, err
	}
	special := map[string]bool{}
	for _, e := range entries {
		name, ext := splitExt(e.Name())
		special[name] = special[name] || (ext != ".pack" && ext != ".idx" && ext != ".rev")
	}
	var out []smallPack
	for _, e := range entries {
		name, ext := splitExt(e.Name())
		if ext != ".idx" || special[name] || !strings.HasPrefix(name, "pack-") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // another process repacked it
		}
		objects := int(info.Size()-1072) / 28
		if objects > least && objects <= most {
			out = append(out, smallPack{filepath.Join(d.dir, "pack", name), objects, info.ModTime()})
		}
	}
	slices.SortFunc(out, func(a, b smallPack) int { return cmp.Or(b.when.Compare(a.when), cmp.Compare(a.name, b.name)) })
	return out, nil
}

func splitExt(file string) (name, ext string) {
	ext = filepath.Ext(file)
	return strings.TrimSuffix(file, ext), ext
}

// mergePacks writes the merged pack and then removes the old ones. A process that
// has an old pack open continues to read it; others find the merged one.
func (d *disk) mergePacks(ctx context.Context, packs []smallPack) error {
	path := filepath.Join(d.dir, repackLock)
	held, err := tryLock(filepath.Dir(d.dir), path, nil)
	if errors.Is(err, fs.ErrExist) {
		removeDeadLock(path)
		return nil // another process is repacking, or the next call repacks
	}
	if err != nil {
		return err
	}
	defer func() { _ = held.release() }()
	p, err := d.combine(ctx, packs)
	if err != nil {
		return err
	}
	name := filepath.Join(d.dir, "pack", "pack-"+p.sum.String())
	if err := d.writePack(name, p, nil); err != nil {
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

// combine encodes every object of some packs as one pack.
func (d *disk) combine(ctx context.Context, packs []smallPack) (packed, error) {
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
	var near deltaWindow
	for _, h := range order {
		o, err := d.object(ctx, h)
		if err != nil {
			return packed{}, err
		}
		near.add(w, newObject{hash: h, object: o})
	}
	return w.finish(), nil
}

// deltaWindow holds the trees that were written last, as bases for deltas: the
// next older version of a tree most often follows soon.
type deltaWindow struct {
	trees []windowTree
}

type windowTree struct {
	newObject
	depth int
}

const windowSize = 10

// add writes an object, as a delta when a tree in the window is similar.
func (n *deltaWindow) add(w *packWriter, o newObject) {
	if o.kind != treeObject || len(o.data) <= minDeltaSize {
		w.add(o)
		return
	}
	depth := 0
	var best []byte
	for _, t := range n.trees {
		if t.depth >= maxDeltaDepth || len(t.data) > 2*len(o.data) || len(o.data) > 2*len(t.data) {
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
