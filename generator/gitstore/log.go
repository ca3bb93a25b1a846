package gitstore

import "time"

// since returns the time since began, rounded for logs.
func since(began time.Time) time.Duration { return time.Since(began).Round(10 * time.Microsecond) }
