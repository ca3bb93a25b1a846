//go:build race

package render

// raceMemory is what the race detector takes on top: more than anybody can say.
const raceMemory = 1 << 40
