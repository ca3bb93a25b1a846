package render

import "syscall"

// baseMemory is what the runtime and the program's own data take beside the heap.
const baseMemory = 512<<20 + raceMemory

// limitData makes the process fail at once when a template asks for far more
// memory than it may have, for example for one huge string. Where the limit
// cannot be set, the watch over the heap remains.
func limitData(maxMemory int64) {
	size := uint64(maxMemory) + baseMemory
	_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: size, Max: size})
}
