package gitstore

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/transport"
)

// MayWrite asks whether a push would be let in, without pushing. That a branch
// is protected shows with a push only.
func (s *Store) MayWrite(ctx context.Context) error { return s.repo.mayWrite(ctx) }

// mayWrite takes the branch's lock, as a commit does, and gives it back.
func (l *local) mayWrite(ctx context.Context) error {
	file := filepath.Join(l.layout.common, filepath.FromSlash(l.refs.target(l.ref)))
	held, err := acquire(ctx, l.layout.common, file, l.steps)
	if err == nil {
		err = held.release()
	}
	if err != nil {
		return diskError(err, l.path)
	}
	return nil
}

func (r *remote) mayWrite(ctx context.Context) error {
	err := r.wire.mayReceive(ctx)
	if err == nil || emptyRepository(err) {
		return nil
	}
	return r.explain(err, "write")
}

// mayReceive opens a push and goes no further.
func (w *httpWire) mayReceive(ctx context.Context) error {
	rp, err := w.client.NewReceivePackSession(w.endpoint(), w.auth)
	if err != nil {
		return err
	}
	_, err = rp.AdvertisedReferencesContext(ctx)
	return errors.Join(err, rp.Close())
}

func (w *sshWire) mayReceive(ctx context.Context) error {
	x, err := w.start(ctx, transport.ReceivePackServiceName)
	if err != nil {
		return err
	}
	defer x.close()
	_, err = x.advertised(ctx)
	return err
}
