//go:build race

package render

// raceMemory is what the race detector takes on top: several times the heap.
const raceMemory = 8 << 30
