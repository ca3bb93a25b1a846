//go:build !unix

package gitstore

import "os"

// flock does nothing on these systems: a file that is open cannot be removed.
func flock(*os.File) error { return nil }
