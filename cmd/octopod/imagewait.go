package main

import (
	"context"
	"time"

	"octopod/generator/change"
	"octopod/generator/staging"
)

// imageWaiter retries a deploy until its images exist, at most for the project's
// spec.images.wait. Between retries it holds no lock and no request.
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
	project, projectErr := p.Project(ctx)
	if projectErr != nil || project.Spec.Images.Wait <= 0 {
		return result, err
	}
	limit := time.NewTimer(time.Duration(project.Spec.Images.Wait))
	defer limit.Stop()
	noted := ""
	for pause := minBackoff; change.IsImagePending(err); pause = min(2*pause, maxBackoff) {
		if why := staging.ProblemsOf(err)[0].Message; why != noted {
			p.cli.note("waiting up to %s: %s", project.Spec.Images.Wait, oneLine(why))
			noted = why
		}
		select {
		case <-time.After(pause):
		case <-limit.C:
			return result, staging.Errorf(staging.CodeTimeout, "waited %s for the images of this deploy", project.Spec.Images.Wait).
				Because(err).WithHint("spec.images.wait sets the limit; --no-image-check deploys without this check")
		case <-ctx.Done():
			return result, ctx.Err()
		}
		result, err = p.backend.Apply(ctx, r)
	}
	return result, err
}
