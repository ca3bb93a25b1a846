package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// argoCDOptions merges flags and environment. It returns false if no Argo CD is
// configured.
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
	if err != nil || o.Server != "" || c.server != nil {
		return o, o.Server != "", err
	}
	return c.argoCDLogin(o)
}

// argoCDLogin returns the connection of `argocd login`, as the argocd command uses it.
func (c *cli) argoCDLogin(o argocd.Options) (argocd.Options, bool, error) {
	dir := c.env["ARGOCD_CONFIG_DIR"]
	if home := cmp.Or(c.env["XDG_CONFIG_HOME"], filepath.Join(c.env["HOME"], ".config")); dir == "" {
		dir = filepath.Join(home, "argocd")
	}
	data, err := os.ReadFile(filepath.Join(dir, "config"))
	if err != nil {
		return o, false, nil // nobody has signed in
	}
	return o.WithCLIConfig(data)
}

// argoCDConnector returns a function that connects to the Argo CD of a project.
// It is nil if no Argo CD is configured.
func (c *cli) argoCDConnector() (func(*project.Project) (status.Cluster, error), error) {
	options, named, err := c.argoCDOptions()
	if err != nil || !named {
		return nil, err
	}
	if c.server != nil {
		options.OnCall = c.server.Observer.ArgoCDCalled
	}
	return func(p *project.Project) (status.Cluster, error) {
		o := options
		o.Project, o.Namespace = p.Metadata.Name, p.ApplicationNamespace()
		client, err := argocd.Connect(o)
		if err != nil {
			return nil, err
		}
		c.closers = append(c.closers, client.Close)
		return client, nil
	}, nil
}

// refreshTimeout limits how long a verb waits for Argo CD's answer. Argo CD has
// received the request by then.
const refreshTimeout = 3 * time.Second

// refreshArgoCD makes Argo CD read a commit at once. A failure only delays the
// sync until Argo CD's next poll, so it is a note.
func (c *cli) refreshArgoCD(ctx context.Context, to changer, plan []staging.PlanItem) {
	ctx, cancel := withTimeout(ctx, refreshTimeout)
	defer cancel()
	err := to.Refresh(ctx, plan)
	if err != nil && ctx.Err() == nil {
		c.note("cannot refresh Argo CD, which reads the commit at its next poll: %s", message(err))
	}
}
