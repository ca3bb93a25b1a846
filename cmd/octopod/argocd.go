package main

import (
	"cmp"
	"context"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// argoCDOptions gathers the settings; false when no Argo CD is named.
func (c *cli) argoCDOptions() (argocd.Options, bool, error) {
	a := c.settings.argoCD
	o := argocd.Options{
		Server: cmp.Or(a.server, c.env["ARGOCD_SERVER"]), PlainText: a.plaintext, Insecure: a.insecure, GRPCWeb: a.grpcWeb,
		TokenFile: a.tokenFile,
	}
	if o.TokenFile == "" {
		o.Token = c.env["ARGOCD_AUTH_TOKEN"]
	}
	o, err := o.WithFlags(c.env["ARGOCD_OPTS"])
	return o, o.Server != "", err
}

// argoCDConnector gives what connects the use cases with the Argo CD of a project;
// nil when none is named.
func (c *cli) argoCDConnector() (func(*project.Project) (status.Cluster, error), error) {
	options, named, err := c.argoCDOptions()
	if err != nil || !named {
		return nil, err
	}
	if c.server != nil {
		options.OnCall = c.server.observer.ArgoCDCalled
	}
	return func(p *project.Project) (status.Cluster, error) {
		o := options
		o.Project, o.Namespace = p.Metadata.Name, p.Spec.ArgoCD.Namespace
		client, err := argocd.Connect(o)
		if err != nil {
			return nil, err
		}
		c.closers = append(c.closers, client.Close)
		return client, nil
	}, nil
}

// refreshTimeout bounds how long a verb waits for Argo CD's answer; by then it
// has the question.
const refreshTimeout = 3 * time.Second

// refreshArgoCD makes Argo CD look at a commit at once. That it cannot costs minutes,
// not the commit, so it is a note.
func (c *cli) refreshArgoCD(ctx context.Context, to changer, plan []staging.PlanItem) {
	ctx, cancel := withTimeout(ctx, refreshTimeout)
	defer cancel()
	err := to.Refresh(ctx, plan)
	if err != nil && ctx.Err() == nil {
		c.note("Argo CD was not asked to look, it will when it polls: %s", message(err))
	}
}
