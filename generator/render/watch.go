package render

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// withMemoryLimit returns a context that ends with a memory error when the heap of this
// process grows by more than maxMemory. It cannot stop the evaluation itself: the
// process is expected to exit.
func withMemoryLimit(ctx context.Context, dir string, maxMemory int64) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	limit := heapSize() + uint64(maxMemory)
	go func() {
		ticker := time.NewTicker(memoryCheckInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if heapSize() > limit {
					cancel(memoryError(dir, maxMemory))
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

func memoryError(main string, maxMemory int64) error {
	return staging.Errorf(staging.CodeInvalid, "the template needs more than %d MiB: %s", maxMemory>>20, main).
		WithHint("look for a string or an array that grows with every step")
}
