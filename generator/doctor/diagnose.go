package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// Health says how a check of Diagnose ended.
type Health string

// The ends of a check.
const (
	Fine    Health = "ok"
	Warning Health = "warning" // it works, but not as it should
	Fault   Health = "fault"   // something will not work
	Unseen  Health = "unseen"  // it cannot be known; not a fault by itself
)

// Finding is what one check found.
type Finding struct {
	Check  string `json:"check"`
	Health Health `json:"health"`
	Says   string `json:"says"`
	Fix    string `json:"mend,omitempty"` // the command or the change that mends it
}

// Diagnose looks at everything that must be right for stagings to come up: the
// env repo, Argo CD, and what Argo CD knows of the env repo. It changes nothing.
// What depends on something that is broken is not looked at.
// What it cannot find out is a finding too; the error is for a Stagings that is
// reached over a network.
func (g *Doctor) Diagnose(ctx context.Context) ([]Finding, error) {
	d := &diagnosis{Doctor: g}
	tree, p := d.envRepo(ctx)
	if p == nil {
		return d.findings, nil
	}
	d.files(tree, p)
	d.told(tree, p)
	cluster, err := g.Connected(p)
	switch {
	case err != nil:
		d.failed("Argo CD", err)
	case cluster == nil:
		d.add("Argo CD", Unseen, "none is named, so no status is known",
			"set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN, or --argocd-server")
	default:
		d.argoCD(ctx, cluster, tree, p)
	}
	return d.findings, nil
}

// diagnosis gathers what is found.
type diagnosis struct {
	*Doctor
	findings []Finding
}

func (d *diagnosis) add(check string, health Health, says, mend string) {
	d.findings = append(d.findings, Finding{check, health, says, mend})
}

func (d *diagnosis) failed(check string, err error) {
	d.add(check, Fault, err.Error(), staging.HintOf(err))
}

// envRepo: it can be read, it says what it is, and a push would be let in.
func (d *diagnosis) envRepo(ctx context.Context) (*envrepo.Tree, *project.Project) {
	began := time.Now()
	tree, err := d.Repo.Tip(ctx)
	if err != nil {
		d.failed("read the env repo", err)
		return nil, nil
	}
	at := "nothing is in it yet"
	if tree.Revision() != "" {
		at = fmt.Sprintf("at %.7s", tree.Revision())
	}
	d.add("read the env repo", Fine, at+", in "+span(began), "")
	if err := d.Repo.CheckWriteAccess(ctx); err != nil {
		d.failed("write the env repo", err)
	} else {
		d.add("write the env repo", Fine, "a push would be let in", "")
	}
	p, err := tree.Project()
	if err != nil {
		d.failed(project.File, err)
		return tree, nil
	}
	names, err := tree.Names()
	if err != nil {
		d.failed(project.File, err)
		return tree, nil
	}
	d.add(project.File, Fine, fmt.Sprintf("project %s, stagings: %d", p.Metadata.Name, len(names)), "")
	return tree, p
}

// files: what makes Argo CD follow the env repo is as octopod.yaml says.
func (d *diagnosis) files(tree *envrepo.Tree, p *project.Project) {
	const check = "Argo CD's files"
	if d.ArgoCD == nil {
		return
	}
	files, err := d.ArgoCD(p)
	differs := false
	if err == nil {
		differs, err = tree.Differs(files)
	}
	switch {
	case err != nil:
		d.add(check, Warning, err.Error(), staging.HintOf(err))
	case differs:
		d.add(check, Warning, "those in the env repo are not what "+project.File+" says", "octopod lint --fix")
	default:
		d.add(check, Fine, "as "+project.File+" says", "")
	}
}

// told: whoever octopod.yaml names under spec.notify is a sink of this server.
func (d *diagnosis) told(tree *envrepo.Tree, p *project.Project) {
	const check = "who is told"
	if !slices.ContainsFunc(p.Spec.Notify, func(n project.NotificationRule) bool { return !n.ToForge() }) {
		return
	}
	if d.Sinks == nil {
		d.add(check, Unseen, "the configuration of a server names the sinks", "octopod doctor --server URL looks whether it has those of "+project.File)
		return
	}
	data, err := tree.ReadFile(project.File)
	if err != nil {
		d.failed(check, err)
		return
	}
	missing, health := p.UnknownSinks(data, d.Sinks), Fault
	mend := "name it under notify.sinks in the server's configuration, or another in " + project.File
	if len(d.Sinks) == 0 {
		health, mend = Warning, mend+"; nothing, if another server beside this one has it"
	}
	for _, m := range missing {
		d.add(check, health, m.String(), mend)
	}
	if len(missing) == 0 {
		d.add(check, Fine, "this server has every sink that "+project.File+" names", "")
	}
}

// argoCD: it answers, lets Octopod do its work, has the project, and looks
// when it is asked to.
func (d *diagnosis) argoCD(ctx context.Context, cluster status.Cluster, tree *envrepo.Tree, p *project.Project) {
	began := time.Now()
	apps, err := cluster.Applications(ctx)
	if err != nil {
		d.failed("ask Argo CD", err)
		return
	}
	d.add("ask Argo CD", Fine, fmt.Sprintf("Applications: %d, in %s", len(apps), span(began)), "")
	d.rights(ctx, cluster, p)
	d.installed(ctx, cluster, p)
	d.membership(tree, apps)
	d.refresh(ctx, cluster, apps)
}

func (d *diagnosis) rights(ctx context.Context, cluster status.Inspector, p *project.Project) {
	const check = "rights in Argo CD"
	missing, err := cluster.Missing(ctx)
	if err != nil {
		d.failed(check, err)
		return
	}
	for _, m := range missing {
		d.add(check, Fault, fmt.Sprintf("the account may not %s %s: needed %s", m.Action, m.Resource, m.Why),
			"add this to policy.csv of ConfigMap argocd-rbac-cm:\n"+argocd.Policy(p.Metadata.Name))
	}
	if len(missing) == 0 {
		d.add(check, Fine, "the account may do what Octopod needs", "")
	}
}

func (d *diagnosis) installed(ctx context.Context, cluster status.Inspector, p *project.Project) {
	found, err := cluster.Installed(ctx, p)
	if err != nil {
		d.failed("installed in Argo CD", err)
		return
	}
	for _, f := range found {
		apply := fmt.Sprintf("kubectl apply -n %s -f %s", p.Spec.ArgoCD.Namespace, f.Path)
		switch code := staging.CodeOf(f.Err); {
		case f.Err != nil && code == staging.CodeForbidden:
			d.add(f.Path, Unseen, "the account may not see what Argo CD has of it",
				"to check this as well, let it get applicationsets and projects in policy.csv")
		case f.Err != nil && code == staging.CodeNotFound:
			d.add(f.Path, Fault, "Argo CD does not have it", apply)
		case f.Err != nil:
			d.failed(f.Path, f.Err)
		case f.Loose:
			d.add(f.Path, Warning, "Argo CD has one that allows more", apply)
		case !f.Equal:
			d.add(f.Path, Warning, "Argo CD has another one", apply)
		default:
			d.add(f.Path, Fine, "Argo CD has the same", "")
		}
	}
}

// membership: each staging has its Application, and each Application its staging.
func (d *diagnosis) membership(tree *envrepo.Tree, apps []staging.Application) {
	const check = "Applications"
	names, _ := tree.Names() // was read before
	without := map[string]bool{}
	for _, name := range names {
		without[name] = true
	}
	left := 0
	for _, app := range apps {
		if !without[app.Staging] && app.DeletedAt == nil {
			left++
		}
		delete(without, app.Staging)
		for _, c := range app.Conditions {
			if c.Transient {
				d.add(check, Fault, app.Name+": "+c.Message, "look at the logs of argocd-repo-server, and at the repository's credentials in Argo CD")
				return
			}
		}
	}
	switch {
	case len(without) > 0:
		d.add(check, Fault, fmt.Sprintf("%d of %d stagings have none", len(without), len(names)),
			"octopod doctor again in a minute; if it stays, kubectl describe the ApplicationSet")
	case left > 0:
		d.add(check, Warning, fmt.Sprintf("%d belong to no staging and are not being removed", left), "octopod doctor again in a minute")
	default:
		d.add(check, Fine, "one for each staging", "")
	}
}

// refresh measures how soon Argo CD looks.
func (d *diagnosis) refresh(ctx context.Context, cluster status.Refresher, apps []staging.Application) {
	const check = "look at once"
	if len(apps) == 0 {
		d.add(check, Unseen, "there is no Application to try it on", "")
		return
	}
	began := time.Now()
	if _, err := cluster.Refresh(ctx, apps[0].Name, false); err != nil {
		d.failed(check, err)
		return
	}
	d.add(check, Fine, fmt.Sprintf("%s was compared with git %s after it was asked for", apps[0].Name, span(began)), "")
}

func span(began time.Time) string { return time.Since(began).Round(100 * time.Microsecond).String() }
