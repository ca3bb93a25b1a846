package gitstore_test

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// BenchmarkGoalA measures one commit that changes one staging in a local bare
// repository.
func BenchmarkGoalA(b *testing.B) {
	onDisks(b, func(b *testing.B, dir string) {
		var at10 float64
		for _, n := range []int{10, 1000, 10000} {
			b.Run(strconv.Itoa(n), func(b *testing.B) {
				for range b.N {
					ms := goalA(b, subdir(b, dir), n)
					if n == 10 {
						at10 = ms["store"]
					}
					report(b, ms)
					b.ReportMetric(ms["store"]/ms["stock"], "of-stock")
					b.ReportMetric(ms["store"]/ms["gogit-plumbing"], "of-plumbing")
					switch n {
					case 1000:
						b.ReportMetric(ms["store"]/ms["stock"]/0.10, "/goal")
					case 10000:
						b.ReportMetric(ms["store"]/ms["stock"]/0.04, "/goal")
						b.ReportMetric(ms["store"]/at10/4, "growth/goal")
					}
				}
			})
		}
	})
}

func goalA(b *testing.B, dir string, n int) map[string]float64 {
	origin := testenv.Bare(b, filepath.Join(dir, "env.git"), n)
	work := testenv.WorkTree(b, origin, filepath.Join(dir, "stock"))
	work2 := testenv.WorkTree(b, origin, filepath.Join(dir, "gogit"))
	repo, err := gogit.PlainOpen(work2)
	must(b, err)
	tree, err := repo.Worktree()
	must(b, err)
	bare, err := gogit.PlainOpen(testenv.Bare(b, filepath.Join(dir, "plumbing.git"), n))
	must(b, err)
	b.Cleanup(func() { testenv.Fsck(b, filepath.Join(dir, "plumbing.git")) })
	s := open(b, gitstore.Options{URL: origin})
	change(b, s, deploy(0, 99)) // a server has the tree in memory
	slow := 9
	if n >= 10000 {
		slow = 3
	}
	i := n / 2
	return medians(
		way{"stock", 9, func(v int) {
			writeStaging(b, work, i, v)
			testenv.Git(b, work, "add", "envs/"+testenv.StagingName(i))
			testenv.Git(b, work, "commit", "-q", "-m", "deploy")
		}},
		way{"gogit-worktree", slow, func(v int) {
			writeStaging(b, work2, i, v)
			for _, f := range testenv.Staging(i, v) {
				_, err := tree.Add(f.Path)
				must(b, err)
			}
			_, err := tree.Commit("deploy", &gogit.CommitOptions{Author: &object.Signature{Name: "A", Email: "a@example.com", When: time.Now()}})
			must(b, err)
		}},
		way{"gogit-plumbing", 41, func(v int) { must(b, plumbingCommit(bare, testenv.Staging(i, v))) }},
		way{"store", 41, func(v int) { change(b, s, deploy(i, v)) }},
		way{"store-cold", 9, func(v int) {
			cold, err := gitstore.Open(b.Context(), gitstore.Options{URL: origin, Committer: octopod})
			must(b, err)
			change(b, cold, deploy(i, 1000+v))
			must(b, cold.Close())
		}},
	)
}

// plumbingCommit commits files with go-git's objects and references, without a work
// tree: what a program does that wants go-git at its fastest.
func plumbingCommit(repo *gogit.Repository, files []testenv.File) error {
	head, err := repo.Reference("refs/heads/main", false)
	if err != nil {
		return err
	}
	parent, err := repo.CommitObject(head.Hash())
	if err != nil {
		return err
	}
	content := map[string][]byte{}
	for _, f := range files {
		content[f.Path] = f.Data
	}
	root, err := plumbingTree(repo, parent.TreeHash, content)
	if err != nil {
		return err
	}
	by := object.Signature{Name: "A", Email: "a@example.com", When: time.Now()}
	commit, err := plumbingObject(repo, &object.Commit{
		Author: by, Committer: by, Message: "deploy\n", TreeHash: root, ParentHashes: []plumbing.Hash{head.Hash()},
	})
	if err != nil {
		return err
	}
	return repo.Storer.CheckAndSetReference(plumbing.NewHashReference(head.Name(), commit), head)
}

// plumbingTree writes files, by path below a tree, and returns the changed tree.
func plumbingTree(repo *gogit.Repository, base plumbing.Hash, files map[string][]byte) (plumbing.Hash, error) {
	tree := &object.Tree{}
	if !base.IsZero() {
		var err error
		if tree, err = repo.TreeObject(base); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	below := map[string]map[string][]byte{}
	for path, data := range files {
		dir, rest, nested := strings.Cut(path, "/")
		if nested && below[dir] == nil {
			below[dir] = map[string][]byte{}
		}
		if nested {
			below[dir][rest] = data
			continue
		}
		blob, err := plumbingBlob(repo, data)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		setEntry(tree, object.TreeEntry{Name: path, Mode: filemode.Regular, Hash: blob})
	}
	for dir, files := range below {
		var old plumbing.Hash
		if i := slices.IndexFunc(tree.Entries, func(e object.TreeEntry) bool { return e.Name == dir }); i >= 0 {
			old = tree.Entries[i].Hash
		}
		hash, err := plumbingTree(repo, old, files)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		setEntry(tree, object.TreeEntry{Name: dir, Mode: filemode.Dir, Hash: hash})
	}
	return plumbingObject(repo, tree)
}

// setEntry puts an entry into a tree, in git's order.
func setEntry(tree *object.Tree, e object.TreeEntry) {
	order := func(a object.TreeEntry, name string) int { return cmp.Compare(sortName(a), name) }
	i, found := slices.BinarySearchFunc(tree.Entries, sortName(e), order)
	if found {
		tree.Entries[i] = e
	} else {
		tree.Entries = slices.Insert(tree.Entries, i, e)
	}
}

func sortName(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

func plumbingBlob(repo *gogit.Repository, data []byte) (plumbing.Hash, error) {
	o := repo.Storer.NewEncodedObject()
	o.SetType(plumbing.BlobObject)
	w, err := o.Writer()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if _, err := w.Write(data); err != nil {
		return plumbing.ZeroHash, err
	}
	return repo.Storer.SetEncodedObject(o)
}

func plumbingObject(repo *gogit.Repository, o object.Object) (plumbing.Hash, error) {
	encoded := repo.Storer.NewEncodedObject()
	if err := o.Encode(encoded); err != nil {
		return plumbing.ZeroHash, err
	}
	return repo.Storer.SetEncodedObject(encoded)
}
