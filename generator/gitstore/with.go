package gitstore

import "context"

// With gives the tree as it would be after some changes. Nothing is written
// anywhere; the revision stays the one that the changes were made on.
func (s *Snapshot) With(ctx context.Context, changes []Change) (*Snapshot, error) {
	b := builder{objs: s.objs}
	root, err := b.build(ctx, s.root, changes)
	if err != nil {
		return nil, err
	}
	after := *s
	after.objs, after.root = s.objs.with(b.fresh), root
	return &after, nil
}
