package gitstore

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/transport"
)

// CheckWriteAccess returns an error when a push would be rejected, without pushing. It does
// not see branch protection, which servers check only during a push.
func (s *Store) CheckWriteAccess(ctx context.Context) error { return s.repo.checkWriteAccess(ctx) }

// checkWriteAccess takes the branch's lock, as a commit does, and releases it.
func (l *local) checkWriteAccess(ctx context.Context) error {
	file := filepath.Join(l.layout.common, filepath.FromSlash(l.refs.resolve(l.ref)))
	held, err := acquireLock(ctx, l.layout.common, file, l.hooks)
	if err == nil {
		err = held.release()
	}
	if err != nil {
		return diskError(err, l.path)
	}
	return nil
}

func (r *remote) checkWriteAccess(ctx context.Context) error {
	_, err := retry(ctx, r.opts, func() (struct{}, error) {
		err := r.wire.checkPushAccess(ctx)
		if emptyRepository(err) {
			err = nil
		}
		return struct{}{}, r.explain(err, "write")
	})
	return err
}

// checkPushAccess starts a push and stops after the server's first response.
func (w *httpWire) checkPushAccess(ctx context.Context) error {
	auth, err := w.auth(ctx)
	if err != nil {
		return err
	}
	rp, err := w.client.NewReceivePackSession(w.endpoint(), auth)
	if err != nil {
		return err
	}
	_, err = rp.AdvertisedReferencesContext(ctx)
	return errors.Join(err, rp.Close())
}

func (w *sshWire) checkPushAccess(ctx context.Context) error {
	x, err := w.start(ctx, transport.ReceivePackServiceName)
	if err != nil {
		return err
	}
	defer x.close()
	_, err = x.readAdvertisement(ctx)
	return err
}
