package testargo

import (
	"context"

	"octopod/generator/staging"
)

// SetRemains sets what the deletion of a staging's Application has left.
func (a *ArgoCD) SetRemains(name string, remains staging.Remains) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remains["shop-"+name] = remains
}

// Remains returns the remains of SetRemains.
func (a *ArgoCD) Remains(ctx context.Context, application string) (staging.Remains, error) {
	if err := a.respond(ctx); err != nil {
		return staging.Remains{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.remains[application], a.err
}
