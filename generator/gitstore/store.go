package gitstore

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

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
	memory memory
}

// Open opens a store. A local path must exist; a remote is first contacted by
// Snapshot or Change.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.setDefaults()
	if o.Branch != Detached {
		branch, err := staging.ParseBranch(o.Branch)
		if err != nil {
			return nil, err
		}
		o.Branch = branch
	}
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
	if t := s.inMemory(ctx); t != nil {
		return s.snapshot(ctx, t), nil
	}
	t, err := s.refresh(ctx)
	if err != nil {
		return nil, err
	}
	return s.snapshot(ctx, t), nil
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

func (s *Store) snapshot(ctx context.Context, t *tip) *Snapshot {
	life := s.life
	if ReadsMemory(ctx) {
		life = FromMemory(life)
	}
	return &Snapshot{objs: t.objs, life: life, origin: s.name, revision: t.commit, root: t.root, when: t.when}
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
