package change

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"octopod/generator/staging"
)

// imageResults are what registries returned for the images of a change of many stagings.
// A missing image fails the stagings that need it, and no others.
type imageResults struct {
	digests map[string]string // of the images that exist
	errs    map[string]error

	mu     sync.Mutex
	wanted map[string]bool // to query before the next plan
}

func newImageResults() *imageResults {
	return &imageResults{digests: map[string]string{}, errs: map[string]error{}, wanted: map[string]bool{}}
}

// errUnchecked fails a staging in a plan that is made again after registries were queried.
var errUnchecked = errors.New("its images were not checked in their registries")

// check returns the error of images without a digest: errUnchecked, or that a registry
// does not have them.
func (r *imageResults) check(images []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing []string
	var errs []error
	unchecked := false
	for _, image := range images {
		if err, queried := r.errs[image]; queried {
			missing, errs = append(missing, image), append(errs, err)
		} else {
			r.wanted[image], unchecked = true, true
		}
	}
	if unchecked {
		return errUnchecked
	}
	return imageError(staging.Action{Verb: staging.Regenerate}, missing, errs)
}

// incomplete reports whether a plan needs images that were not queried yet.
func (r *imageResults) incomplete() bool { return r != nil && len(r.wanted) > 0 }

// query queries the registries for the images that the last plan needs. Registries are
// queried between two plans, because a plan may run inside the env repo's writer.
func (r *imageResults) query(ctx context.Context, w *Writer) {
	images := slices.Sorted(maps.Keys(r.wanted))
	digests, errs := w.queryEach(ctx, images)
	for i, image := range images {
		if r.errs[image] = errs[i]; errs[i] == nil {
			r.digests[image] = digests[i]
		}
	}
	clear(r.wanted)
}
