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

// SetWarnings sets the warnings of the objects of a staging's Application.
func (a *ArgoCD) SetWarnings(name string, warnings ...staging.Warning) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warnings["shop-"+name] = warnings
}

// Warnings returns the warnings of SetWarnings.
func (a *ArgoCD) Warnings(ctx context.Context, application string) ([]staging.Warning, error) {
	if err := a.respond(ctx); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.warnings[application], a.err
}
