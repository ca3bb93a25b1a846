package gitstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"octopod/generator/staging"
)

// Options says which branch of which repository, and how to reach it.
type Options struct {
	URL       string   // local path (bare or not), file://, ssh://, user@host:path, https://, http:// with AllowPlainHTTP
	Branch    string   // "main" when empty; Detached to read what is checked out
	Committer Identity // Octopod itself
	Auth      Auth
	Signer    Signer // nil: commits are not signed

	AllowPlainHTTP bool          // http:// sends credentials and content in the clear
	Timeout        time.Duration // a remote that is silent for so long is unavailable; 30 s when zero
	MaxAttempts    int           // an edit is a conflict after so many pushes (10 when zero)
	Patience       time.Duration // … and so much time (a minute when zero), whichever is later
	Fsync          bool          // local repositories: survive a power cut, not only a crash
	History        bool          // remotes: keep the history's commits and trees, as a long-lived server does

	Pushed func(Push)       // hears of every push; nobody does when nil
	Now    func() time.Time // the clock of commit dates; time.Now when nil
	Logger *slog.Logger     // nothing is logged when nil
}

// Detached is the branch of a work tree that has none checked out but a commit,
// as CI systems check out pull requests. It can be read, not written.
const Detached = "HEAD"

// Auth is how to prove who is asking. Credentials inside the URL are taken
// when none are given here.
type Auth struct {
	Username         string // of basic auth; with a Token alone, git forges take any
	Token            string
	SSHKeyFile       string // without it, the ssh agent is asked
	SSHKeyPassphrase string
	KnownHostsFiles  []string // the user's and the system's when empty
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

// repository is where the objects and the branch are.
type repository interface {
	// refresh reads where the branch is now and brings its tip within reach.
	refresh(ctx context.Context) (*tip, error)
	// latest gives the tip that was read last where reading it is slow.
	latest(ctx context.Context) (*tip, error)
	// push hands over new objects and moves the branch, if it is still at
	// u.base. After an error the caller reads the branch again to learn what
	// became of it.
	push(ctx context.Context, u update) (pushed, error)
	// history gives objects among which are the commits that lead to t, with
	// their upper trees.
	history(ctx context.Context, t *tip) (*objects, error)
	// mayWrite asks whether a push would be let in.
	mayWrite(ctx context.Context) error
	// tidy does what can wait until nobody waits; final is the last chance.
	tidy(ctx context.Context, final bool) error
	close() error
}

// tip is where a branch is.
type tip struct {
	commit Hash // zero in a repository without commits
	root   Hash
	when   time.Time
	objs   *objects
}

// update moves the branch from base to a new commit.
type update struct {
	base  *tip
	new   *tip // its objs read base and new
	fresh []newObject
}

// landed gives the new tip as it is read once the repository has the objects.
func (u update) landed() *tip {
	objs := u.base.objs
	for _, o := range u.fresh {
		if o.kind == treeObject {
			if t, err := parseTree(o.hash, o.data); err == nil {
				objs.keep(t)
			}
		}
	}
	return &tip{commit: u.new.commit, root: u.new.root, when: u.new.when, objs: objs}
}

// pushed is the branch after a push.
type pushed struct {
	tip   *tip
	bytes int
}

// Open prepares a store. The repository is first contacted by Snapshot or
// Change, except that a local path must be there.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.Branch = cmp.Or(o.Branch, "main")
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 10)
	o.Patience = cmp.Or(o.Patience, time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Pushed == nil {
		o.Pushed = func(Push) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if why := branchFault(o.Branch); why != "" {
		return nil, failf(staging.CodeInvalid, nil, "", "%q is not a branch name: %s", o.Branch, why)
	}
	at, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	repo, err := openRepository(ctx, at, &o)
	if err != nil {
		return nil, err
	}
	s := &Store{opts: o, repo: repo, name: at.shown + " (branch " + o.Branch + ")", log: o.Logger}
	s.life, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.writer.init()
	return s, nil
}

// openRepository chooses by the kind of URL.
func openRepository(ctx context.Context, at place, o *Options) (repository, error) {
	if at.local != "" {
		return openLocal(ctx, at.local, o)
	}
	return openRemote(at, o)
}

// Snapshot gives the tip of the branch as it is now. A repository without
// commits gives an empty snapshot; its first commit makes the branch.
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

// since is how long something took, as a log shows it.
func since(began time.Time) time.Duration { return time.Since(began).Round(10 * time.Microsecond) }

func (s *Store) snapshot(t *tip) *Snapshot {
	return &Snapshot{objs: t.objs, life: s.life, origin: s.name, revision: t.commit, root: t.root, when: t.when}
}

// Close waits for the push in flight, fails what waits behind it and lets go
// of all files and connections.
func (s *Store) Close() error {
	s.writer.shut()
	s.tidy(true)
	s.stop()
	if err := s.repo.close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

func (s *Store) tidy(final bool) {
	if err := s.repo.tidy(s.life, final); err != nil {
		s.log.Warn("packs could not be folded", "error", err)
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

// errClosed is what a Change on a closed store gets.
var errClosed = errors.New("the store is closed")
