package main

import (
	"context"
	"time"

	"octopod/generator/live"
	"octopod/generator/staging"
)

// tableWatch prints the table of get, and then a line for every change.
type tableWatch struct {
	*cli
	getFlags
	first  []staging.View // before the Synced event
	synced bool
	widths []int
}

// watch lists stagings and their changes until the context ends.
func (c *cli) watch(ctx context.Context, to watcher, l getFlags) error {
	w := &tableWatch{cli: c, getFlags: l}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := to.Watch(ctx, l.Query, func(n live.Event) {
		if err := w.handle(n); err != nil {
			cancel(err)
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (w *tableWatch) handle(n live.Event) error {
	switch n.Kind {
	case live.Modified:
		if !w.synced && !w.settings.machineReadable() {
			w.first = append(w.first, n.Staging)
			return nil
		}
		return w.line(n.Staging, false)
	case live.Deleted:
		return w.line(n.Staging, true)
	case live.Synced:
		w.synced = true
		return w.printTable()
	case live.RepoDown:
		w.note("cannot read the env repo, so the status may be outdated: %s", message(n.Err))
	case live.RepoUp:
		w.note("reading the env repo works again")
	}
	return w.stdout.Err() // a closed pipe ends the watch
}

// printTable prints the first table.
func (w *tableWatch) printTable() error {
	switch {
	case w.settings.machineReadable():
		return nil
	case w.settings.output == "name":
		for _, v := range w.first {
			w.stdout.printf("%s\n", v.Metadata.Name)
		}
		return w.stdout.Err()
	}
	columns, rows := w.stagingTable(w.first)
	w.widths = w.stdout.table(columns, rows, !w.noHeaders)
	return w.stdout.Err()
}

// line prints one change as a row below the table, or as a JSON document.
func (w *tableWatch) line(v staging.View, gone bool) error {
	switch {
	case w.settings.machineReadable():
		if gone {
			v.Status = staging.Status{Reason: staging.Reason{Code: staging.ReasonGone}}
		}
		return w.encode(v)
	case w.settings.output == "name":
		w.stdout.printf("%s\n", v.Metadata.Name)
		return w.stdout.Err()
	}
	_, rows := w.stagingTable([]staging.View{v})
	row := rows[0]
	if gone {
		row[1] = cell{"Gone", dim}
	}
	for i, c := range row {
		row[i].text = oneLine(c.text)
		if w.widths[i] > 0 {
			w.widths[i] = max(w.widths[i], len([]rune(row[i].text)))
		}
	}
	w.stdout.row(row, w.widths)
	if !gone && !v.Status.Reason.IsZero() && w.settings.output != "wide" {
		w.note("  %s %s", w.stderr.paint(dim, w.now().Format(time.TimeOnly)), oneLine(v.Status.Reason.String()))
	}
	return w.stdout.Err()
}
