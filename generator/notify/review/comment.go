package review

import (
	"context"
	"slices"
	"strings"
)

// reportComment updates the comment of a staging in each of its pull requests.
func (f *Forge) reportComment(ctx context.Context, s Report) error {
	numbers := []int64{s.PullRequest}
	if s.PullRequest == 0 {
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

// upsert edits the existing comment, or creates it.
func (f *Forge) upsert(ctx context.Context, s Report, number int64) error {
	there, err := f.markedComments(ctx, s, number)
	if err != nil {
		return err
	}
	if done, err := f.edit(ctx, s, number, there); done || err != nil || s.UpdateOnly {
		return err
	}
	id, err := f.Comment(ctx, s.Repository, number, s.Comment)
	if err != nil {
		return err
	}
	return f.removeDuplicate(ctx, s, number, id, there)
}

// markedComments lists the comments that begin with the marker, the oldest first.
func (f *Forge) markedComments(ctx context.Context, s Report, number int64) ([]Comment, error) {
	all, err := f.Comments(ctx, s.Repository, number)
	return slices.DeleteFunc(all, func(c Comment) bool { return !strings.HasPrefix(c.Text, s.Marker) }), err
}

// edit updates the first comment that the token may edit. Any other comment belongs
// to somebody who copied the marker. (Where Octopod may edit such a comment, it
// overwrites it.)
func (f *Forge) edit(ctx context.Context, s Report, number int64, there []Comment) (done bool, err error) {
	for _, c := range there {
		if sameText(c.Text, s.Comment) {
			return true, nil
		}
		if err := f.Edit(ctx, s.Repository, number, c.ID, s.Comment); !notPermitted(err) {
			return true, err
		}
	}
	return false, nil
}

// removeDuplicate lists the comments again after creating one, and removes the new one if
// another server has created an older one at the same time.
func (f *Forge) removeDuplicate(ctx context.Context, s Report, number, id int64, before []Comment) error {
	now, err := f.markedComments(ctx, s, number)
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

// sameText reports whether two texts are equal after a forge has normalised them.
func sameText(a, b string) bool {
	plain := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
	return plain(a) == plain(b)
}
