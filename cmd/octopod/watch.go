package main

import (
	"context"
	"time"

	"octopod/generator/live"
	"octopod/generator/staging"
)

// watching shows the table of get, and then a line for every change.
type watching struct {
	*cli
	listing
	first  []staging.View // until all that there is was told
	begun  bool
	widths []int
}

// watch lists stagings and goes on until the context ends.
func (c *cli) watch(ctx context.Context, to watcher, l listing) error {
	w := &watching{cli: c, listing: l}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := to.Watch(ctx, l.Query, func(n live.Event) {
		if err := w.take(n); err != nil {
			cancel(err)
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (w *watching) take(n live.Event) error {
	switch n.Kind {
	case live.Modified:
		if !w.begun && !w.settings.machine() {
			w.first = append(w.first, n.Staging)
			return nil
		}
		return w.line(n.Staging, false)
	case live.Deleted:
		return w.line(n.Staging, true)
	case live.Synced:
		w.begun = true
		return w.begin()
	case live.RepoDown:
		w.note("the env repo cannot be read, what follows may be old: %s", message(n.Err))
	case live.RepoUp:
		w.note("the env repo can be read again")
	}
	return w.out.Err() // a closed pipe ends the watch
}

// begin prints the table.
func (w *watching) begin() error {
	switch {
	case w.settings.machine():
		return nil
	case w.settings.output == "name":
		for _, v := range w.first {
			w.out.printf("%s\n", v.Metadata.Name)
		}
		return w.out.Err()
	}
	columns, rows := w.rowsOf(w.first)
	w.widths = w.out.table(columns, rows, !w.noHeaders)
	return w.out.Err()
}

// line prints one change: a row under the table, or one JSON document.
func (w *watching) line(v staging.View, gone bool) error {
	switch {
	case w.settings.machine():
		if gone {
			v.Status = staging.Status{Reason: staging.Reason{Code: staging.ReasonGone}}
		}
		return w.encode(v)
	case w.settings.output == "name":
		w.out.printf("%s\n", v.Metadata.Name)
		return w.out.Err()
	}
	_, rows := w.rowsOf([]staging.View{v})
	row := rows[0]
	if gone {
		row[1] = cell{"Gone", dim}
	}
	for i, c := range row {
		row[i].text = inline(c.text)
		if w.widths[i] > 0 {
			w.widths[i] = max(w.widths[i], len([]rune(row[i].text)))
		}
	}
	w.out.row(row, w.widths)
	if !gone && !v.Status.Reason.IsZero() && w.settings.output != "wide" {
		w.note("  %s %s", w.talk.paint(dim, w.now().Format(time.TimeOnly)), inline(v.Status.Reason.String()))
	}
	return w.out.Err()
}
