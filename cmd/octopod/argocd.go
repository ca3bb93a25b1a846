package main

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/pflag"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// argoCD are the settings that say how Argo CD is reached. Where they are
// silent, argocd's own ARGOCD_SERVER and ARGOCD_OPTS count. The token is no
// flag: ARGOCD_AUTH_TOKEN, or a file.
type argoCD struct {
	server    string
	plaintext bool
	insecure  bool
	grpcWeb   bool
	tokenFile string
}

func (a *argoCD) addFlags(f *pflag.FlagSet) {
	f.StringVar(&a.server, "argocd-server", "", "`address` of Argo CD, for the status of stagings (default: ARGOCD_SERVER)")
	f.BoolVar(&a.plaintext, "argocd-plaintext", false, "connect to Argo CD without TLS")
	f.BoolVar(&a.insecure, "argocd-insecure", false, "do not verify Argo CD's certificate")
	f.BoolVar(&a.grpcWeb, "argocd-grpc-web", false, "use gRPC-web, if the proxy in front of Argo CD does not support HTTP/2")
	f.StringVar(&a.tokenFile, "argocd-token-file", "", "`file` with the token for Argo CD (default: ARGOCD_AUTH_TOKEN)")
}

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

// connector gives what connects the use cases with the Argo CD of a project;
// nil when none is named.
func (c *cli) connector() (func(*project.Project) (status.Cluster, error), error) {
	options, named, err := c.argoCDOptions()
	if err != nil || !named {
		return nil, err
	}
	if c.served != nil {
		options.Asked = c.served.observer.ArgoCDCalled
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

// lookPatience bounds how long a verb waits for Argo CD's answer; by then it
// has the question.
const lookPatience = 3 * time.Second

// look makes Argo CD look at a commit at once. That it cannot costs minutes,
// not the commit, so it is a note.
func (c *cli) look(ctx context.Context, to changer, plan []staging.PlanItem) {
	ctx, cancel := withTimeout(ctx, lookPatience)
	defer cancel()
	err := to.Refresh(ctx, plan)
	if err != nil && ctx.Err() == nil {
		c.note("Argo CD was not asked to look, it will when it polls: %s", message(err))
	}
}
