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

// Repo is one branch of an env repo.
type Repo struct {
	store  *gitstore.Store
	files  *fileCache
	behind chan struct{}
}

// New returns the env repo in a git store.
func New(store *gitstore.Store) *Repo {
	return &Repo{store: store, files: newFileCache(), behind: make(chan struct{}, 1)}
}

// FromMemory returns a context whose reads never wait for git: they use what Fetch read
// last, and what this process pushed since. Before the first Fetch they read as usual.
func FromMemory(ctx context.Context) context.Context { return gitstore.FromMemory(ctx) }

// Fetch reads the branch, and everything on it, for reads of a FromMemory context. It
// reports whether it found a commit that this process did not know.
func (r *Repo) Fetch(ctx context.Context) (moved bool, err error) { return r.store.Fetch(ctx) }

// Refresh makes the reads of a context see the branch as it is now: those of a FromMemory
// context, because all others do anyway.
func (r *Repo) Refresh(ctx context.Context) error {
	if !gitstore.ReadsMemory(ctx) {
		return nil
	}
	_, err := r.store.Fetch(ctx)
	return err
}

// Behind is signalled when a read from memory names a revision that Fetch has not read.
func (r *Repo) Behind() <-chan struct{} { return r.behind }

// Tip reads the branch as it is now.
func (r *Repo) Tip(ctx context.Context) (*Tree, error) {
	snapshot, err := r.store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &Tree{snapshot, r.files}, nil
}

// At reads an earlier revision: a commit hash of at least seven digits.
func (r *Repo) At(ctx context.Context, revision string) (*Tree, error) {
	snapshot, err := r.store.At(ctx, revision)
	if staging.CodeOf(err) == staging.CodeNotFound {
		select {
		case r.behind <- struct{}{}:
		default: // it is signalled already
		}
	}
	if err != nil {
		return nil, err
	}
	return &Tree{snapshot, r.files}, nil
}

// Branch returns the branch that Octopod writes; "" when a clone has none checked out.
func (r *Repo) Branch() string { return r.store.Branch() }

// IsTopicBranch reports whether Octopod writes the checked-out branch of a clone that
// also has the branch main.
func (r *Repo) IsTopicBranch(main string) bool { return r.store.IsTopicBranch(main) }

// QueueLength returns the number of changes that wait for their push.
func (r *Repo) QueueLength() int { return r.store.QueueLength() }

// CheckWriteAccess returns an error when a push would be rejected, without pushing.
func (r *Repo) CheckWriteAccess(ctx context.Context) error { return r.store.CheckWriteAccess(ctx) }

// Edit is one commit: an action and the files that it changes.
type Edit struct {
	Verb    staging.Verb
	Staging string // "" when the commit changes several
	Subject string // follows verb and name: "backend 1f2e3d4"
	Body    string // details for people; may be empty
	By      staging.Person
	Via     staging.Via
	Request string // ID of the request; may be empty
	Key     string // idempotency key, the same for every retry of the request; may be empty

	Requests string // the state of the staging, and what its objects request; may be empty

	Replace []Directory    // directories of stagings with new content
	Remove  []string       // paths to remove; directories with everything below them
	Write   []staging.File // single files outside Replace
}

// Directory is everything that Octopod writes into one directory of a staging. Files of
// earlier versions that it does not list are removed, and files of people stay.
type Directory struct {
	Path  string
	Files []staging.File
}

// Result is the result of an edit.
type Result struct {
	Revision string // of the commit; of the tip when nothing changed
	Changed  bool
}

// Change commits an edit of the tip. edit may run several times: when another writer
// commits first, it runs again on the new tip.
func (r *Repo) Change(ctx context.Context, edit EditFunc) (Result, error) {
	results, errs := r.ChangeAll(ctx, []EditFunc{edit})
	return results[0], errs[0]
}

// EditFunc computes an edit of a tree.
type EditFunc func(context.Context, *Tree) (Edit, error)

// ChangeAll commits several edits, one commit each, and pushes them together. An edit
// that fails does not stop the others.
func (r *Repo) ChangeAll(ctx context.Context, edits []EditFunc) ([]Result, []error) {
	storeEdits := make([]gitstore.Edit, len(edits))
	for i, edit := range edits {
		storeEdits[i] = r.storeEdit(edit)
	}
	done, errs := r.store.ChangeAll(ctx, storeEdits)
	results := make([]Result, len(edits))
	for i, d := range done {
		results[i].Changed = d.Changed
		if !d.Revision.IsZero() {
			results[i].Revision = d.Revision.String()
		}
	}
	return results, errs
}

// storeEdit returns an edit for the git store.
func (r *Repo) storeEdit(edit EditFunc) func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
	return func(ctx context.Context, tip *gitstore.Snapshot) (gitstore.Commit, error) {
		return edit.commit(ctx, &Tree{tip, r.files})
	}
}

func (edit EditFunc) commit(ctx context.Context, tree *Tree) (gitstore.Commit, error) {
	e, err := edit(ctx, tree)
	if err != nil {
		return gitstore.Commit{}, err
	}
	changes, err := e.checkedChanges(tree)
	return gitstore.Commit{
		Author: gitstore.Identity{Name: e.By.Name, Email: e.By.Email}, Message: e.message(), Changes: changes,
	}, err
}

// checkedChanges returns the changes of an edit that adds no secret.
func (e Edit) checkedChanges(tree *Tree) ([]gitstore.Change, error) {
	changes, err := e.changes(tree)
	if err != nil {
		return nil, err
	}
	return changes, e.checkSecrets(tree, changes)
}

// Plan lists the paths that an edit would add, modify or remove. It refuses what a
// commit refuses.
func (e Edit) Plan(tree *Tree) ([]staging.PlanItem, error) {
	changes, err := e.checkedChanges(tree)
	if err != nil {
		return nil, err
	}
	plan := []staging.PlanItem{}
	for _, c := range changes {
		action, err := planAction(tree, c)
		if err != nil {
			return nil, err
		}
		plan = append(plan, staging.PlanItem{Path: c.Path, Action: action})
	}
	slices.SortFunc(plan, func(a, b staging.PlanItem) int { return strings.Compare(a.Path, b.Path) })
	return plan, nil
}

func planAction(tree *Tree, c gitstore.Change) (staging.Change, error) {
	if c.Delete {
		return staging.Removed, nil
	}
	_, exists, err := tree.Entry(c.Path)
	if err != nil || exists {
		return staging.Modified, err
	}
	return staging.Added, nil
}

// ApplyTo returns the tree with an edit applied. It writes nothing.
func (e Edit) ApplyTo(ctx context.Context, tree *Tree) (*Tree, error) {
	changes, err := e.changes(tree)
	if err != nil {
		return nil, err
	}
	snapshot, err := tree.Snapshot.WithChanges(ctx, changes)
	if err != nil {
		return nil, err
	}
	return &Tree{snapshot, tree.files}, nil
}

// changes returns the files of an edit that differ from the tree.
func (e Edit) changes(tree *Tree) ([]gitstore.Change, error) {
	var changes []gitstore.Change
	for _, dir := range e.Replace {
		replaced, err := dir.changes(tree)
		if err != nil {
			return nil, err
		}
		changes = append(changes, replaced...)
	}
	written, err := writes(tree, e.Write)
	if err != nil {
		return nil, err
	}
	changes = append(changes, written...)
	for _, name := range e.Remove {
		_, exists, err := tree.Entry(name)
		if err != nil {
			return nil, err
		}
		if exists {
			changes = append(changes, gitstore.Change{Path: name, Delete: true})
		}
	}
	return changes, nil
}

// changes returns the files to write, and those to delete because they are not listed.
func (d Directory) changes(tree *Tree) ([]gitstore.Change, error) {
	changes, err := writes(tree, d.Files)
	if err != nil {
		return nil, err
	}
	present, err := filesUnder(tree, d.Path)
	for _, name := range present {
		if staging.IsGenerated(name) && !slices.ContainsFunc(d.Files, func(f staging.File) bool { return f.Path == name }) {
			changes = append(changes, gitstore.Change{Path: name, Delete: true})
		}
	}
	return changes, err
}

// ForeignFiles lists the files of a staging's directory that Octopod never writes.
func (t *Tree) ForeignFiles(name string) ([]string, error) {
	present, err := filesUnder(t, staging.Dir(name))
	return slices.DeleteFunc(present, staging.IsGenerated), err
}

// writes returns the files that the tree does not hold with the same bytes. It
// compares hashes, so it reads no file.
func writes(tree *Tree, files []staging.File) ([]gitstore.Change, error) {
	var changes []gitstore.Change
	for _, file := range files {
		entry, exists, err := tree.Entry(file.Path)
		if err != nil {
			return nil, err
		}
		if !exists || entry.Hash != gitstore.BlobHash(file.Data) {
			changes = append(changes, gitstore.Change{Path: file.Path, Data: file.Data})
		}
	}
	return changes, nil
}

// FilesUnder lists the files at and below a path, as paths from the root.
func (t *Tree) FilesUnder(name string) ([]string, error) {
	entry, exists, err := t.Entry(name)
	if err != nil {
		return nil, err
	}
	if exists && !entry.IsDir() {
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

// StagingFiles reads every file of a staging's directory. Paths are from the root.
func (t *Tree) StagingFiles(name string) ([]staging.File, error) {
	paths, err := filesUnder(t, staging.Dir(name))
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

// The trailers of a commit. parseTrailers reads them back.
const (
	trailerAction  = "Octopod-Action"
	trailerStaging = "Octopod-Staging"
	trailerVia     = "Octopod-Via"
	trailerRequest = "Octopod-Request"
	trailerKey     = "Octopod-Key"

	trailerRequests = "Octopod-Requests"
)

// message returns the commit message: subject, body, and trailers in the form of
// git interpret-trailers.
func (e Edit) message() string { return e.text() + "\n\n" + e.trailers() + "\n" }

// text returns subject and body of the commit message.
func (e Edit) text() string {
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
	return strings.Join(parts, "\n\n")
}

func (e Edit) trailers() string {
	values := map[string]string{
		trailerAction: string(e.Verb), trailerStaging: e.Staging, trailerVia: string(e.Via), trailerRequest: e.Request, trailerKey: e.Key,
		trailerRequests: e.Requests,
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] != "" {
			lines = append(lines, key+": "+oneLine(values[key]))
		}
	}
	return strings.Join(lines, "\n")
}

// oneLine removes line breaks, so that a value cannot forge a trailer.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Differs reports whether any of these files is missing in the tree or has other
// content there.
func (t *Tree) Differs(files []staging.File) (bool, error) {
	changes, err := writes(t, files)
	return len(changes) > 0, err
}
