package gitstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// Options select a branch of a repository and configure access to it.
type Options struct {
	URL       string   // local path (bare or not), file://, ssh://, user@host:path, https://, http:// with AllowPlainHTTP
	Branch    string   // "main" when empty; Detached to read what is checked out
	Committer Identity // of all commits
	Auth      Auth
	Signer    Signer // nil: commits are not signed

	AllowPlainHTTP bool          // allow http://, which sends credentials and content unencrypted
	Timeout        time.Duration // how long a remote may be silent; 30 s when zero
	MaxAttempts    int           // an edit fails with a conflict after this many pushes (10 when zero)
	Patience       time.Duration // … and this much time (a minute when zero), whichever comes later
	History        bool          // fetch all commits and trees of a remote's history, for a long-lived server

	OnPush func(Push)       // called after every push; may be nil
	Now    func() time.Time // the clock of commit dates; time.Now when nil
	Logger *slog.Logger     // no logs when nil
}

// Detached, as a branch, reads the commit that a work tree has checked out without
// a branch, as CI systems do for pull requests. It cannot be written.
const Detached = "HEAD"

// Auth holds the credentials. Without them, those in the URL are used.
type Auth struct {
	Username         string // of basic auth; git forges accept any with a token
	Token            string
	SSHKeyFile       string // the ssh agent's keys when empty
	SSHKeyPassphrase string
	KnownHostsFiles  []string // those of the user and the system when empty
}

// Store is one branch of one repository. It is safe for concurrent use.
type Store struct {
	opts Options
	repo repository
	name string // of repository and branch, for messages
	log  *slog.Logger
	life context.Context
	stop context.CancelFunc

	writer writer
	paths  pathIndex
}

// repository is a local or remote repository.
type repository interface {
	// refresh reads where the branch is now and fetches its tip.
	refresh(ctx context.Context) (*tip, error)
	// lastTip returns the tip that was read last, if reading it again is slow.
	lastTip(ctx context.Context) (*tip, error)
	// push writes new objects and moves the branch, if it is still at u.base.
	// After an error the caller must read the branch: the push may have arrived.
	push(ctx context.Context, u update) (pushResult, error)
	// historyObjects returns a source of the commits that lead to t and of their
	// upper trees.
	historyObjects(ctx context.Context, t *tip) (*objects, error)
	// checkWriteAccess returns an error when a push would be rejected.
	checkWriteAccess(ctx context.Context) error
	// maintain does work that is due but not urgent. final is the last call.
	maintain(ctx context.Context, final bool) error
	close() error
}

// tip is the commit of a branch.
type tip struct {
	commit Hash // zero in a repository without commits
	root   Hash
	when   time.Time
	objs   *objects
}

// update moves the branch from base to a new commit.
type update struct {
	base       *tip
	new        *tip // its objs read base and new
	newObjects []newObject
}

// newTip returns the new tip, to read from the repository itself after the push.
func (u update) newTip() *tip {
	objs := u.base.objs
	for _, o := range u.newObjects {
		if o.kind == treeObject {
			if t, err := parseTree(o.hash, o.data); err == nil {
				objs.cacheTree(t)
			}
		}
	}
	return &tip{commit: u.new.commit, root: u.new.root, when: u.new.when, objs: objs}
}

// pushResult is the branch after a push.
type pushResult struct {
	tip   *tip
	bytes int
}

// Open opens a store. A local path must exist; a remote is first contacted by
// Snapshot or Change.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.Branch = cmp.Or(o.Branch, "main")
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 10)
	o.Patience = cmp.Or(o.Patience, time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnPush == nil {
		o.OnPush = func(Push) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	branch, err := staging.ParseBranch(o.Branch)
	if err != nil {
		return nil, err
	}
	o.Branch = branch
	at, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	repo, err := openRepository(ctx, at, &o)
	if err != nil {
		return nil, err
	}
	s := &Store{opts: o, repo: repo, name: at.String() + " (branch " + o.Branch + ")", log: o.Logger}
	s.life, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.writer.init()
	return s, nil
}

// openRepository opens a local path or a remote, depending on the URL.
func openRepository(ctx context.Context, at giturl.URL, o *Options) (repository, error) {
	if at.Remote() {
		return openRemote(at, o)
	}
	return openLocal(ctx, at.Local(), o)
}

// Snapshot returns the current tip of the branch, an empty snapshot for a
// repository without commits. The first commit creates the branch.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	t, err := s.refresh(ctx)
	if err != nil {
		return nil, err
	}
	return s.snapshot(t), nil
}

// refresh reads where the branch is now.
func (s *Store) refresh(ctx context.Context) (*tip, error) {
	began := time.Now()
	t, err := s.repo.refresh(ctx)
	if err != nil {
		return nil, err
	}
	s.log.Debug("read branch", "branch", s.opts.Branch, "commit", t.commit, "took", since(began))
	return t, nil
}

// since returns the time since began, rounded for logs.
func since(began time.Time) time.Duration { return time.Since(began).Round(10 * time.Microsecond) }

func (s *Store) snapshot(t *tip) *Snapshot {
	return &Snapshot{objs: t.objs, life: s.life, origin: s.name, revision: t.commit, root: t.root, when: t.when}
}

// Close waits for the push in flight, fails the edits that wait, and closes all
// files and connections.
func (s *Store) Close() error {
	s.writer.shutdown()
	s.maintain(true)
	s.stop()
	if err := s.repo.close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

func (s *Store) maintain(final bool) {
	if err := s.repo.maintain(s.life, final); err != nil {
		s.log.Warn("cannot repack", "error", err)
	}
}

// readTip reads the commit that a branch points to.
func readTip(ctx context.Context, objs *objects, commit Hash) (*tip, error) {
	if commit.IsZero() {
		return &tip{root: emptyTree, objs: objs}, nil
	}
	c, err := objs.commit(ctx, commit)
	if err != nil {
		return nil, err
	}
	return &tip{commit: commit, root: c.tree, when: c.when, objs: objs}, nil
}

// errClosed is the error of a Change on a closed store.
var errClosed = errors.New("the store is closed")
