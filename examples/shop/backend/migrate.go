package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed migrations
var migrations embed.FS

// lock keeps two migrations of one database apart.
const lock = 7305531

// migrate applies the migrations that the database lacks, in the order of their
// names: all of them or none.
func migrate(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lock); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"); err != nil {
			return err
		}
		for _, file := range files {
			if err := apply(ctx, tx, file, log); err != nil {
				return err
			}
		}
		return nil
	})
}

// apply applies one migration, unless the database has it.
func apply(ctx context.Context, tx pgx.Tx, file string, log *slog.Logger) error {
	name := strings.TrimSuffix(path.Base(file), ".sql")
	tag, err := tx.Exec(ctx, "INSERT INTO migration (name) VALUES ($1) ON CONFLICT DO NOTHING", name)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	statements, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, string(statements)); err != nil {
		return fmt.Errorf("migration %s: %w", name, err)
	}
	log.Info("migrated", "migration", name)
	return nil
}
