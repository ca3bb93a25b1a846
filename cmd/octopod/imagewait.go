package main

import (
	"context"
	"time"

	"octopod/generator/change"
	"octopod/generator/staging"
)

// imageWaiter tries a deploy again for as long as the project lets it wait for
// images that are not there yet. Between the tries nobody is kept waiting,
// neither a server nor other writers.
type imageWaiter struct {
	backend
	cli *cli
}

const (
	minBackoff = 500 * time.Millisecond
	maxBackoff = 10 * time.Second
)

func (p *imageWaiter) Apply(ctx context.Context, r change.Request) (change.Result, error) {
	result, err := p.backend.Apply(ctx, r)
	if r.DryRun || !change.IsImagePending(err) {
		return result, err
	}
	project, fault := p.Project(ctx)
	if fault != nil || project.Spec.Images.Wait <= 0 {
		return result, err
	}
	ends := time.NewTimer(time.Duration(project.Spec.Images.Wait))
	defer ends.Stop()
	said := ""
	for pause := minBackoff; change.IsImagePending(err); pause = min(2*pause, maxBackoff) {
		if why := staging.ProblemsOf(err)[0].Message; why != said {
			p.cli.note("waiting, at most %s: %s", project.Spec.Images.Wait, oneLine(why))
			said = why
		}
		select {
		case <-time.After(pause):
		case <-ends.C:
			return result, staging.Errorf(staging.CodeTimeout, "waited %s for what is to be deployed", project.Spec.Images.Wait).
				Because(err).WithHint("spec.images.wait says how long; --no-image-check deploys it all the same")
		case <-ctx.Done():
			return result, ctx.Err()
		}
		result, err = p.backend.Apply(ctx, r)
	}
	return result, err
}
