package review

import (
	"context"
	"slices"
	"strings"
)

// showComment brings the comment of a staging up to date, in every pull request
// that it belongs to.
func (f *Forge) showComment(ctx context.Context, s Showing) error {
	numbers := []int64{s.Request}
	if s.Request == 0 {
		var err error
		if numbers, err = f.Requests(ctx, s.Repository, s.Commit); err != nil {
			return err
		}
	}
	for _, number := range numbers {
		if err := f.upsert(ctx, s, number); err != nil {
			return err
		}
	}
	return nil
}

// upsert edits the comment that is there, or writes it.
func (f *Forge) upsert(ctx context.Context, s Showing, number int64) error {
	there, err := f.marked(ctx, s, number)
	if err != nil {
		return err
	}
	if done, err := f.edit(ctx, s, number, there); done || err != nil || s.Only {
		return err
	}
	id, err := f.Comment(ctx, s.Repository, number, s.Comment)
	if err != nil {
		return err
	}
	return f.settle(ctx, s, number, id, there)
}

// marked lists the comments that bear the marker, the oldest first.
func (f *Forge) marked(ctx context.Context, s Showing, number int64) ([]Comment, error) {
	all, err := f.Comments(ctx, s.Repository, number)
	return slices.DeleteFunc(all, func(c Comment) bool { return !strings.HasPrefix(c.Text, s.Marker) }), err
}

// edit brings the first comment up to date that may be edited. One that may not
// is somebody else's, who copied the marker. (On forges where Octopod may edit
// it, who copies the marker lends their comment.)
func (f *Forge) edit(ctx context.Context, s Showing, number int64, there []Comment) (done bool, err error) {
	for _, c := range there {
		if same(c.Text, s.Comment) {
			return true, nil
		}
		if err := f.Edit(ctx, s.Repository, number, c.ID, s.Comment); !refused(err) {
			return true, err
		}
	}
	return false, nil
}

// settle looks once more when a comment was written: another server may have
// written one at the same time. The older one stays.
func (f *Forge) settle(ctx context.Context, s Showing, number, id int64, before []Comment) error {
	now, err := f.marked(ctx, s, number)
	if err != nil {
		return err
	}
	for _, c := range now {
		if c.ID == id {
			return nil
		}
		if !slices.ContainsFunc(before, func(old Comment) bool { return old.ID == c.ID }) {
			return f.Remove(ctx, s.Repository, number, id)
		}
	}
	return nil
}

// same tells whether two texts differ by no more than a forge changes by itself.
func same(a, b string) bool {
	plain := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
	return plain(a) == plain(b)
}
