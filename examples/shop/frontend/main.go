// Command frontend is the frontend of the sample shop: one page of plain HTML that
// shows the branch, the commit and the cart.
//
// Environment: BACKEND_URL, by default the Service backend; LISTEN.
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The build sets both.
var branch, commit = "unknown", "unknown"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := listen(ctx); err != nil {
		slog.Error("frontend ends", "error", err)
		os.Exit(1)
	}
}

// listen serves until the context ends, and then finishes the open requests.
func listen(ctx context.Context) error {
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LISTEN"), ":8080"))
	if err != nil {
		return err
	}
	s := &server{backend: cmp.Or(os.Getenv("BACKEND_URL"), "http://backend"), client: &http.Client{Timeout: 15 * time.Second}}
	slog.Info("frontend serves", "address", listener.Addr(), "branch", branch, "commit", commit)
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
