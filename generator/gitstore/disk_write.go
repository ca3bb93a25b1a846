package gitstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// keptPack is a new pack with a .keep file, which protects it from git gc until
// the branch refers to it. git receive-pack does the same.
type keptPack struct {
	keep  string // path of the .keep file
	bytes int
}

// keepMark is the content of the .keep files that this package writes.
const keepMark = "octopod\n"

func (s keptPack) release() {
	if s.keep != "" {
		_ = os.Remove(s.keep)
	}
}

// writeObjects writes objects as one pack. Git sees a pack once its index exists,
// so the index is written last.
func (d *disk) writeObjects(fresh []newObject, at testHooks) (keptPack, error) {
	p := encodePack(fresh)
	dir := filepath.Join(d.dir, "pack")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return keptPack{}, err
	}
	name := filepath.Join(dir, "pack-"+p.sum.String())
	if err := os.WriteFile(name+".keep", []byte(keepMark), 0o444); err != nil && !errors.Is(err, os.ErrPermission) {
		return keptPack{}, err
	}
	done := keptPack{keep: name + ".keep", bytes: len(p.data)}
	if err := at.at("kept"); err != nil {
		return done, err
	}
	if err := d.writePack(name, p, at); err != nil {
		done.release()
		return keptPack{}, err
	}
	return done, nil
}

func (d *disk) writePack(name string, p packed, at testHooks) error {
	dir := filepath.Dir(name)
	if err := writeFile(dir, "tmp_pack_*", name+".pack", p.data); err != nil {
		return err
	}
	if err := at.at("pack"); err != nil {
		return err
	}
	if err := writeFile(dir, "tmp_idx_*", name+".idx", p.encodeIndex()); err != nil {
		_ = os.Remove(name + ".pack")
		return err
	}
	d.addPack(name)
	return nil
}

// encodePack encodes objects for the disk. The first version of a tree in the
// batch is stored whole, later ones as deltas of the version before.
func encodePack(fresh []newObject) packed {
	w := newPackWriter(len(fresh), 1, true)
	type version struct {
		data  []byte
		depth int
	}
	trees := make(map[Hash]version, 4)
	for _, o := range fresh {
		base, ok := trees[o.base]
		if ok && len(o.data) > minDeltaSize && base.depth < maxDeltaDepth {
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

// writeFile writes a temporary file and renames it to name. git gc removes files
// with these temporary names, in case the process dies before the rename.
func writeFile(dir, pattern, name string, data []byte) error {
	const tries = 5
	for try := 1; ; try++ {
		err := writeOnce(dir, pattern, name, data)
		if !errors.Is(err, fs.ErrNotExist) || try == tries {
			return err
		}
		// `git gc --prune=now` removed the temporary file before the rename.
	}
}

func writeOnce(dir, pattern, name string, data []byte) error {
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o444)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// addPack makes a new pack known without reading the directory.
func (d *disk) addPack(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.packs = append([]*diskPack{{name: name}}, d.packs...)
}
