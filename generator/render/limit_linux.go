package render

import "syscall"

// baseMemory is the memory of the Go runtime and the program outside of the heap.
const baseMemory = 512<<20 + raceMemory

// limitData makes the process fail immediately when a template allocates far more than
// the limit, such as one huge string. If the limit cannot be set, the check of the heap
// size remains.
func limitData(maxMemory int64) {
	size := uint64(maxMemory) + baseMemory
	_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: size, Max: size})
}
