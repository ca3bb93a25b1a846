//go:build !unix

package gitstore

import "os"

// flock does nothing here: the file is held open, and that is enough to keep
// it from being removed.
func flock(*os.File) error { return nil }
