package envrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// Repo is the env repo behind one branch.
type Repo struct {
	store   *gitstore.Store
	records *records
}

// New gives the env repo in a git store.
func New(store *gitstore.Store) *Repo { return &Repo{store: store, records: newRecords()} }

// Tip reads the branch as it is now.
func (r *Repo) Tip(ctx context.Context) (*Tree, error) {
	snapshot, err := r.store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &Tree{snapshot, r.records}, nil
}

// At reads an earlier revision: a commit of at least seven digits.
func (r *Repo) At(ctx context.Context, revision string) (*Tree, error) {
	snapshot, err := r.store.At(ctx, revision)
	if err != nil {
		return nil, err
	}
	return &Tree{snapshot, r.records}, nil
}

// Waiting counts the changes that wait for their push.
func (r *Repo) Waiting() int { return r.store.Waiting() }

// MayWrite asks whether a commit would be let in, without one.
func (r *Repo) MayWrite(ctx context.Context) error { return r.store.MayWrite(ctx) }

// Edit is one commit in Octopod's words.
type Edit struct {
	Verb    staging.Verb
	Staging string // "" when the commit is about several
	Subject string // what was done, after verb and name: "backend 1f2e3d4"
	Body    string // more for people; may be empty
	By      staging.Person
	Via     staging.Via
	Request string // an id that finds this request again; may be empty
	Key     string // the same for every try of this request; may be empty

	Replace []Directory    // directories that become exactly these files
	Remove  []string       // paths that go, directories with all they hold
	Write   []staging.File // single files outside of Replace
}

// Directory is the whole content of one directory.
type Directory struct {
	Path  string
	Files []staging.File
}

// Result says what became of an edit.
type Result struct {
	Revision string // of the commit; the tip's when nothing changed
	Changed  bool
}

// Change commits an edit of the tip. edit may run several times: whenever
// somebody else's commit came first, it runs again on theirs.
func (r *Repo) Change(ctx context.Context, edit Editing) (Result, error) {
	results, errs := r.ChangeAll(ctx, []Editing{edit})
	return results[0], errs[0]
}

// Editing works out an edit of a tree.
type Editing func(context.Context, *Tree) (Edit, error)

// ChangeAll commits several edits, one commit each, and pushes them together.
// One that fails keeps no other from being committed.
func (r *Repo) ChangeAll(ctx context.Context, edits []Editing) ([]Result, []error) {
	inGit := make([]gitstore.Edit, len(edits))
	for i, edit := range edits {
		inGit[i] = r.inGit(edit)
	}
	done, errs := r.store.ChangeAll(ctx, inGit)
	results := make([]Result, len(edits))
	for i, d := range done {
		results[i].Changed = d.Changed
		if !d.Revision.IsZero() {
			results[i].Revision = d.Revision.String()
		}
	}
	return results, errs
}

// inGit gives an edit in the words of the git store.
func (r *Repo) inGit(edit Editing) func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
	return func(ctx context.Context, tip *gitstore.Snapshot) (gitstore.Commit, error) {
		return edit.commit(ctx, &Tree{tip, r.records})
	}
}

func (edit Editing) commit(ctx context.Context, tree *Tree) (gitstore.Commit, error) {
	e, err := edit(ctx, tree)
	if err != nil {
		return gitstore.Commit{}, err
	}
	changes, err := e.changes(tree)
	return gitstore.Commit{
		Author: gitstore.Identity{Name: e.By.Name, Email: e.By.Email}, Message: e.message(), Changes: changes,
	}, err
}

// Plan lists what an edit would do to the tree, by path.
func (e Edit) Plan(tree *Tree) ([]staging.PlanItem, error) {
	changes, err := e.changes(tree)
	if err != nil {
		return nil, err
	}
	plan := []staging.PlanItem{}
	for _, c := range changes {
		item := staging.PlanItem{Path: c.Path, Action: staging.Modified}
		if c.Delete {
			item.Action = staging.Removed
		} else if _, exists := tree.Entry(c.Path); !exists {
			item.Action = staging.Added
		}
		plan = append(plan, item)
	}
	slices.SortFunc(plan, func(a, b staging.PlanItem) int { return strings.Compare(a.Path, b.Path) })
	return plan, nil
}

// After gives the tree as it would be after an edit, with nothing written.
func (e Edit) After(ctx context.Context, tree *Tree) (*Tree, error) {
	changes, err := e.changes(tree)
	if err != nil {
		return nil, err
	}
	snapshot, err := tree.Snapshot.With(ctx, changes)
	if err != nil {
		return nil, err
	}
	return &Tree{snapshot, tree.records}, nil
}

// changes reduces an edit to the files that differ from the tree.
func (e Edit) changes(tree *Tree) ([]gitstore.Change, error) {
	var changes []gitstore.Change
	for _, dir := range e.Replace {
		wanted := map[string]bool{}
		for _, file := range dir.Files {
			wanted[file.Path] = true
			changes = appendWrite(changes, tree, file)
		}
		surplus, err := filesUnder(tree, dir.Path)
		if err != nil {
			return nil, err
		}
		for _, name := range surplus {
			if !wanted[name] {
				changes = append(changes, gitstore.Change{Path: name, Delete: true})
			}
		}
	}
	for _, file := range e.Write {
		changes = appendWrite(changes, tree, file)
	}
	for _, name := range e.Remove {
		if _, exists := tree.Entry(name); exists {
			changes = append(changes, gitstore.Change{Path: name, Delete: true})
		}
	}
	return changes, nil
}

// appendWrite adds a file unless the tree holds the very same bytes. The hash
// tells, so nothing is read.
func appendWrite(changes []gitstore.Change, tree *Tree, file staging.File) []gitstore.Change {
	if entry, ok := tree.Entry(file.Path); ok && entry.Hash == gitstore.BlobHash(file.Data) {
		return changes
	}
	return append(changes, gitstore.Change{Path: file.Path, Data: file.Data})
}

// FilesUnder lists the files at and below a path, by path from the root.
func (t *Tree) FilesUnder(name string) ([]string, error) {
	if entry, ok := t.Entry(name); ok && !entry.IsDir() {
		return []string{name}, nil
	}
	return filesUnder(t, name)
}

func filesUnder(tree *Tree, dir string) ([]string, error) {
	var names []string
	entries, err := tree.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", dir, err)
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if !entry.IsDir() {
			names = append(names, name)
			continue
		}
		below, err := filesUnder(tree, name)
		if err != nil {
			return nil, err
		}
		names = append(names, below...)
	}
	return names, nil
}

// StagingFiles reads every file of a staging's directory, by path from the root.
func (t *Tree) StagingFiles(name string) ([]staging.File, error) {
	paths, err := filesUnder(t, StagingDir(name))
	if err != nil {
		return nil, err
	}
	files := make([]staging.File, 0, len(paths))
	for _, p := range paths {
		data, err := t.ReadFile(p)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", p, err)
		}
		files = append(files, staging.File{Path: p, Data: data})
	}
	return files, nil
}

// trailers are read back by parseTrailers.
const (
	trailerAction  = "Octopod-Action"
	trailerStaging = "Octopod-Staging"
	trailerVia     = "Octopod-Via"
	trailerRequest = "Octopod-Request"
	trailerKey     = "Octopod-Key"
)

// message is the commit message: subject, body, and trailers as
// git interpret-trailers reads them.
func (e Edit) message() string {
	subject := string(e.Verb)
	if e.Staging != "" {
		subject += " " + e.Staging
	}
	if e.Subject != "" {
		subject += ": " + oneLine(e.Subject)
	}
	parts := []string{subject}
	if e.Body != "" {
		parts = append(parts, strings.TrimSpace(e.Body))
	}
	return strings.Join(append(parts, e.trailers()), "\n\n") + "\n"
}

func (e Edit) trailers() string {
	values := map[string]string{
		trailerAction: string(e.Verb), trailerStaging: e.Staging, trailerVia: string(e.Via), trailerRequest: e.Request, trailerKey: e.Key,
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] != "" {
			lines = append(lines, key+": "+oneLine(values[key]))
		}
	}
	return strings.Join(lines, "\n")
}

// oneLine keeps a value from ending its line and forging a trailer.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Differs tells whether the tree lacks any of these files or holds other bytes.
func (t *Tree) Differs(files []staging.File) bool {
	return slices.ContainsFunc(files, func(f staging.File) bool { return len(appendWrite(nil, t, f)) > 0 })
}
