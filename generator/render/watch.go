package render

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// withMemoryLimit gives a context that ends when this process takes so much more memory
// than it has now as an evaluation may, with the cause. Nothing stops the
// evaluation itself: the process is expected to end soon.
func withMemoryLimit(ctx context.Context, dir string, maxMemory int64) (context.Context, context.CancelFunc) {
	ctx, giveUp := context.WithCancelCause(ctx)
	most := heapSize() + uint64(maxMemory)
	go func() {
		look := time.NewTicker(memoryCheckInterval)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
				if heapSize() > most {
					giveUp(memoryError(dir, maxMemory))
				}
			}
		}
	}()
	return ctx, func() { giveUp(nil) }
}

func memoryError(main string, maxMemory int64) error {
	return staging.Errorf(staging.CodeInvalid, "the template needs more than %d MiB: %s", maxMemory>>20, main).
		WithHint("look for a string or an array that grows with every step")
}
