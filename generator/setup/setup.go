package setup

import "octopod/generator/change"

// Setup writes a new env repo: the sample project, or a project around manifests
// that exist. It is safe for use by many goroutines.
type Setup struct {
	*change.Writer
}

// New returns a Setup.
func New(w *change.Writer) *Setup { return &Setup{Writer: w} }
