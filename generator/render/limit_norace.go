//go:build !race

package render

const raceMemory = 0
