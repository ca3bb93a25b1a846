package gitstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stored is a pack that was written and is kept from being repacked until the
// branch refers to it, as git's own receive-pack does.
type stored struct {
	keep  string
	bytes int
}

// keepMark is the content of a .keep file of this package.
const keepMark = "octopod\n"

func (s stored) release() {
	if s.keep != "" {
		_ = os.Remove(s.keep)
	}
}

// store writes objects as one pack. Git sees the pack when its index is there,
// which is written last.
func (d *disk) store(fresh []newObject, fsync bool, at steps) (stored, error) {
	p := encodeLocal(fresh)
	dir := filepath.Join(d.dir, "pack")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return stored{}, err
	}
	name := filepath.Join(dir, "pack-"+p.sum.String())
	if err := os.WriteFile(name+".keep", []byte(keepMark), 0o444); err != nil && !errors.Is(err, os.ErrPermission) {
		return stored{}, err
	}
	done := stored{keep: name + ".keep", bytes: len(p.data)}
	if err := at.at("kept"); err != nil {
		return done, err
	}
	if err := d.writePack(name, p, fsync, at); err != nil {
		done.release()
		return stored{}, err
	}
	return done, nil
}

func (d *disk) writePack(name string, p packed, fsync bool, at steps) error {
	dir := filepath.Dir(name)
	if err := writeFile(dir, "tmp_pack_*", name+".pack", p.data, fsync); err != nil {
		return err
	}
	if err := at.at("pack"); err != nil {
		return err
	}
	if err := writeFile(dir, "tmp_idx_*", name+".idx", p.encodeIndex(), fsync); err != nil {
		_ = os.Remove(name + ".pack")
		return err
	}
	if err := syncDir(dir, fsync); err != nil {
		return err
	}
	d.adopt(name)
	return nil
}

// encodeLocal packs objects for this disk. Later versions of a tree are stored
// as the difference to the one before, the first of the batch whole.
func encodeLocal(fresh []newObject) packed {
	w := newPackWriter(len(fresh), 1, true)
	type version struct {
		data  []byte
		depth int
	}
	trees := make(map[Hash]version, 4)
	for _, o := range fresh {
		base, ok := trees[o.base]
		if ok && len(o.data) > deltaOver && base.depth < maxDepth {
			if delta := makeDelta(base.data, o.data); delta != nil {
				w.addDelta(o, delta)
				trees[o.hash] = version{o.data, base.depth + 1}
				continue
			}
		}
		w.add(o)
		if o.kind == treeObject {
			trees[o.hash] = version{data: o.data}
		}
	}
	return w.finish()
}

const (
	deltaOver = 512 // a smaller tree is not worth a delta
	maxDepth  = 40  // of deltas on deltas; git stops at 50
)

// writeFile writes a temporary file and renames it to its place. Git's own
// clean-up knows the temporary names, should the process die between.
func writeFile(dir, pattern, name string, data []byte, fsync bool) error {
	const tries = 5
	for try := 1; ; try++ {
		err := writeOnce(dir, pattern, name, data, fsync)
		if !errors.Is(err, fs.ErrNotExist) || try == tries {
			return err
		}
		// `git gc --prune=now` removed the temporary file before it had its name.
	}
}

func writeOnce(dir, pattern, name string, data []byte, fsync bool) error {
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o444)
	}
	if err == nil && fsync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// syncDir makes renames in a directory durable.
func syncDir(dir string, fsync bool) error {
	if !fsync {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// adopt makes a new pack known without a look at the directory.
func (d *disk) adopt(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.packs = append([]*diskPack{{name: name}}, d.packs...)
}
