// Command backend is the backend of the sample shop: carts in PostgreSQL, and a
// payment gateway.
//
//	backend           serve HTTP
//	backend migrate   bring the database to the version of this program
//
// Environment: DATABASE_URL, LOG_LEVEL (debug, info, warn, error), PAYMENT_GATEWAY
// (sandbox, production), PAYMENT_URL and STRIPE_KEY (production), LISTEN.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// The build sets both.
var branch, commit = "unknown", "unknown"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		slog.Error("backend ends", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	log, err := logger(os.Getenv("LOG_LEVEL"))
	if err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	defer pool.Close()
	switch {
	case len(args) == 0:
		return listen(ctx, pool, log)
	case len(args) == 1 && args[0] == "migrate":
		return migrate(ctx, pool, log)
	}
	return fmt.Errorf("backend has no command %q: the only one is migrate", args)
}

// logger writes messages of at least this level.
func logger(level string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(cmp.Or(level, "info"))); err != nil {
		return nil, fmt.Errorf("LOG_LEVEL: %w", err)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: least})), nil
}

// listen serves until the context ends, and then finishes the open requests.
func listen(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	gateway, err := newGateway(ctx, os.Getenv("PAYMENT_GATEWAY"), os.Getenv("PAYMENT_URL"), os.Getenv("STRIPE_KEY"))
	if err != nil {
		return err
	}
	s := &server{carts: carts{pool}, gateway: gateway, log: log}
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LISTEN"), ":8080"))
	if err != nil {
		return err
	}
	log.Info("backend serves", "address", listener.Addr(), "branch", branch, "commit", commit, "payments", gateway.name)
	serving := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- serving.Shutdown(ending)
	}()
	if err := serving.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
