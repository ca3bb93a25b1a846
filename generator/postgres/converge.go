package postgres

import (
	"context"
	"time"

	"octopod/generator/database"
)

// Converge makes the server hold what a staging's record wants: the role, the data and the
// snapshots, then the credentials. It may end at any moment; the next run continues.
func (s *Server) Converge(ctx context.Context, w database.Wanted, access Access, credentials Credentials) error {
	err := s.locked(ctx, w.Name, func(c *session) error {
		if err := c.converge(ctx, w, access); err != nil || credentials == nil {
			return err
		}
		return c.keepLogin(ctx, w, credentials)
	})
	if err != nil && !isUnreachable(err) {
		s.reopen(ctx, w)
	}
	return err
}

// locked runs a function in a session that holds the lock of a database.
func (s *Server) locked(ctx context.Context, name string, run func(*session) error) error {
	c, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := c.lock(ctx, name); err != nil {
		return err
	}
	return run(c)
}

// reopen lets the sessions of a staging in again after a run that ended early, also if an
// earlier run was killed. While another run holds the lock, it leaves that to the other run.
func (s *Server) reopen(ctx context.Context, w database.Wanted) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	c, err := s.open(ctx)
	if err != nil {
		return
	}
	defer c.close()
	if free, err := c.tryLock(ctx, w.Name); err == nil && free {
		_ = c.reopen(ctx, w) // the fault before is the one to report
	}
}

// converge executes the plan for a record.
func (s *session) converge(ctx context.Context, w database.Wanted, access Access) error {
	observed, role, err := s.observe(ctx, w)
	if err != nil {
		return err
	}
	if role == roleForeign {
		return database.Faultf(database.NotOurs, "the role %s has no mark of the staging %s: rename or drop it by hand", w.Name, w.Staging)
	}
	if last := observed.Copies[w.Name].Mark.Began; last.After(s.began) {
		return database.Faultf(database.Superseded, "a run that began later than this one has ended already, at %s: its record is the newer one", last.Format(time.RFC3339))
	}
	if err := s.checkGroup(ctx, access.Group); err != nil {
		return err
	}
	plan, err := w.Plan(observed)
	if err != nil {
		return err
	}
	if err := s.ensureRole(ctx, w, role, access); err != nil {
		return err
	}
	for _, step := range plan {
		if err := s.execute(ctx, w, step); err != nil {
			return err
		}
	}
	return s.finish(ctx, w, access)
}

// Drop drops everything that Octopod made for a staging: data, copies and role. A database
// or role without the mark stays, and is no fault.
func (s *Server) Drop(ctx context.Context, w database.Wanted) error {
	return s.locked(ctx, w.Name, func(c *session) error { return c.dropAll(ctx, w) })
}

func (s *session) dropAll(ctx context.Context, w database.Wanted) error {
	observed, role, err := s.observe(ctx, w)
	if err != nil {
		return err
	}
	for name, found := range observed.Copies {
		if found.State == database.Foreign {
			continue
		}
		if err := s.dropOpen(ctx, name); err != nil {
			return faultOf(ctx, err, "dropping "+name)
		}
	}
	if role != roleOurs {
		return nil
	}
	return faultOf(ctx, s.do(ctx, "DROP ROLE "+quote(w.Name)), "dropping the role "+w.Name)
}

// dropOpen drops a database that a staging may use. A half dropped one can only be dropped.
func (s *session) dropOpen(ctx context.Context, name string) error {
	if err := s.shut(ctx, name); err != nil && !isReply(err, "55000") {
		return err
	}
	return s.drop(ctx, name)
}
