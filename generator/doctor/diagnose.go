package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// Health is the outcome of a check of Diagnose.
type Health string

// The outcomes.
const (
	OK      Health = "ok"
	Warning Health = "warning" // it works, but not as it should
	Fault   Health = "fault"   // something will not work
	Unknown Health = "unseen"  // cannot be checked, which is not a fault
)

// Finding is the result of one check.
type Finding struct {
	Check   string `json:"check"`
	Health  Health `json:"health"`
	Message string `json:"says"`
	Fix     string `json:"mend,omitempty"` // the command or change that fixes it
}

// Diagnose checks everything that a staging needs to come up: the env repo, Argo CD, and
// what Argo CD knows of the env repo. It changes nothing. It skips the checks that
// depend on a failed one. A check that cannot run is a finding too; the error is for
// clients over a network.
func (g *Doctor) Diagnose(ctx context.Context) ([]Finding, error) {
	d := &diagnosis{Doctor: g}
	if g.OfServer != nil {
		d.findings = g.OfServer()
	}
	tree, p := d.envRepo(ctx)
	if p == nil {
		return d.findings, nil
	}
	d.branch(p)
	d.directories(tree, p)
	d.neighbors(ctx, p)
	d.files(tree, p)
	d.editedByHand(ctx, tree, p)
	d.sinks(tree, p)
	d.budgets(ctx, p)
	cluster, err := g.Connected(p)
	switch {
	case err != nil:
		d.failed("Argo CD", err)
	case cluster == nil:
		d.add("Argo CD", Unknown, "no Argo CD is configured, so no status is known",
			"set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN, or --argocd-server")
		d.foreign(ctx, tree, p)
	default:
		d.argoCD(ctx, cluster, tree, p)
	}
	return d.findings, nil
}

// diagnosis collects findings.
type diagnosis struct {
	*Doctor
	findings []Finding
}

func (d *diagnosis) add(check string, health Health, message, fix string) {
	d.findings = append(d.findings, Finding{check, health, message, fix})
}

func (d *diagnosis) failed(check string, err error) {
	d.add(check, Fault, err.Error(), staging.HintOf(err))
}

// envRepo checks that the env repo can be read and written, and that octopod.yaml is valid.
func (d *diagnosis) envRepo(ctx context.Context) (*envrepo.Tree, *project.Project) {
	began := time.Now()
	tree, err := d.Repo.Tip(ctx)
	if err != nil {
		d.failed("read the env repo", err)
		return nil, nil
	}
	at := "it is empty"
	if tree.Revision() != "" {
		at = fmt.Sprintf("at %.7s", tree.Revision())
	}
	d.add("read the env repo", OK, at+", in "+elapsed(began), "")
	if err := d.Repo.CheckWriteAccess(ctx); err != nil {
		d.failed("write the env repo", err)
	} else {
		d.add("write the env repo", OK, "a push would be accepted", "")
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
	names = slices.DeleteFunc(names, p.Excludes)
	d.add(project.File, OK, fmt.Sprintf("project %s, stagings: %d", p.Metadata.Name, len(names)), "")
	return tree, p
}

// branch checks that Argo CD syncs the branch that Octopod writes.
func (d *diagnosis) branch(p *project.Project) {
	const check = "branch of the env repo"
	writes, syncs := d.Repo.Branch(), p.Spec.ArgoCD.Branch
	switch {
	case p.Spec.ArgoCD.RepoURL == "" || writes == syncs:
	case writes == "":
		d.add(check, Unknown, "no branch is checked out; Argo CD syncs branch "+syncs, "")
	default:
		d.add(check, Fault, fmt.Sprintf("Octopod writes branch %s, but Argo CD syncs branch %s", writes, syncs),
			fmt.Sprintf("choose the branch with --ref %s; or set spec.argocd.branch to %s, run octopod lint --fix, and apply %s", syncs, writes, argocd.ApplicationSetPath))
	}
}

// files checks that the env repo's files for Argo CD match octopod.yaml.
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
		d.add(check, Warning, "the files in the env repo do not match "+project.File, "octopod lint --fix")
	default:
		d.add(check, OK, "they match "+project.File, "")
	}
}

// sinks checks that this server has every sink that octopod.yaml names.
func (d *diagnosis) sinks(tree *envrepo.Tree, p *project.Project) {
	const check = "who is told"
	if !slices.ContainsFunc(p.Spec.Notify, func(n project.NotificationRule) bool { return !n.ToForge() }) {
		return
	}
	if d.Sinks == nil {
		d.add(check, Unknown, "the configuration of a server defines the sinks", "octopod doctor --server URL checks them")
		return
	}
	data, err := tree.ReadFile(project.File)
	if err != nil {
		d.failed(check, err)
		return
	}
	sinks := d.Sinks()
	missing, health := p.UnknownSinks(data, sinks), Fault
	fix := "add it to notify.sinks in the server's configuration, or name another sink in " + project.File
	if len(sinks) == 0 {
		health, fix = Warning, fix+"; ignore this if another server has it"
	}
	for _, m := range missing {
		d.add(check, health, m.String(), fix)
	}
	if len(missing) == 0 {
		d.add(check, OK, "this server has every sink that "+project.File+" names", "")
	}
}

// argoCD checks that Argo CD answers, that the account may do what Octopod needs, and that
// Argo CD has the project and refreshes on request.
func (d *diagnosis) argoCD(ctx context.Context, cluster status.Cluster, tree *envrepo.Tree, p *project.Project) {
	var apps []staging.Application
	began := time.Now()
	err := d.limited(ctx, func(ctx context.Context) (err error) { apps, err = cluster.Applications(ctx); return err })
	if err != nil {
		d.failed("ask Argo CD", err)
		return
	}
	d.add("ask Argo CD", OK, fmt.Sprintf("Applications: %d, in %s", len(apps), elapsed(began)), "")
	for _, check := range []func(context.Context){
		func(ctx context.Context) { d.rights(ctx, cluster, p) },
		func(ctx context.Context) { d.installed(ctx, cluster, p) },
		func(ctx context.Context) { d.foreign(ctx, tree, p) },
		func(context.Context) { d.taken(tree, p, apps) },
		func(ctx context.Context) { d.applications(ctx, cluster, tree, p, apps) },
		func(ctx context.Context) { d.syncWindow(ctx, cluster, apps) },
		func(ctx context.Context) { d.reach(ctx, cluster, apps) },
		func(ctx context.Context) { d.refresh(ctx, cluster, apps) },
	} {
		_ = d.limited(ctx, func(ctx context.Context) error { check(ctx); return nil })
	}
}

// How long one check may take, so that the others still follow, and how long a refresh
// takes before it is slow.
const (
	checkTimeout = 10 * time.Second
	slowRefresh  = 5 * time.Second
)

// limited runs one check within its time limit.
func (d *diagnosis) limited(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return check(ctx)
}

func (d *diagnosis) rights(ctx context.Context, cluster status.Inspector, p *project.Project) {
	const check = "rights in Argo CD"
	missing, err := cluster.MissingPermissions(ctx)
	if err != nil {
		d.failed(check, err)
		return
	}
	for _, m := range missing {
		d.add(check, Fault, fmt.Sprintf("the account may not %s %s: needed %s", m.Action, m.Resource, m.Why),
			"add this to policy.csv of ConfigMap argocd-rbac-cm:\n"+argocd.Policy(p.Metadata.Name))
	}
	if len(missing) == 0 {
		d.add(check, OK, "the account may do what Octopod needs", "")
	}
	if may, err := cluster.MayTerminate(ctx); err == nil && !may {
		d.add("end a sync that hangs", Unknown, "the account may not, so `octopod terminate` fails",
			fmt.Sprintf("if people should be able to, add to policy.csv: p, %s, applications, sync, %s/*, allow", argocd.Account, p.Metadata.Name))
	}
}

func (d *diagnosis) installed(ctx context.Context, cluster status.Inspector, p *project.Project) {
	found, err := cluster.Installed(ctx, p)
	if err != nil {
		d.failed("installed in Argo CD", err)
		return
	}
	for _, f := range found {
		apply := fmt.Sprintf("kubectl apply -n %s -f %s", namespaceOf(p, f.Path), f.Path)
		switch code := staging.CodeOf(f.Err); {
		case f.Err != nil && code == staging.CodeForbidden:
			d.add(f.Path, Unknown, "the account may not read it",
				"to check this as well, allow it to get applicationsets and projects in policy.csv")
		case f.Err != nil && code == staging.CodeNotFound:
			d.add(f.Path, Fault, "Argo CD does not have it", apply)
		case f.Err != nil && code == staging.CodeExists: // reported as a name that is taken
		case f.Err != nil:
			d.failed(f.Path, f.Err)
		case f.TooPermissive:
			d.add(f.Path, Warning, "the one in Argo CD allows more", apply)
		case !f.Equal:
			d.add(f.Path, Warning, "the one in Argo CD differs", apply)
		default:
			d.add(f.Path, OK, "the one in Argo CD matches", "")
		}
	}
}

// namespaceOf returns the namespace of a manifest for Argo CD.
func namespaceOf(p *project.Project, path string) string {
	if path == argocd.AppProjectPath {
		return p.Spec.ArgoCD.Namespace
	}
	return p.ApplicationNamespace()
}

// applications checks that each staging has an Application, and the other way round.
func (d *diagnosis) applications(ctx context.Context, cluster status.Inspector, tree *envrepo.Tree, p *project.Project, apps []staging.Application) {
	const check = "Applications"
	names, _ := tree.Names() // the directory is cached
	names = slices.DeleteFunc(names, p.Excludes)
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
				d.add(check, Fault, app.Name+": "+c.Message, "check the logs of argocd-repo-server, and the repository's credentials in Argo CD")
				return
			}
		}
	}
	troubled := d.troubled(apps)
	switch {
	case len(without) > 0:
		d.missing(ctx, cluster, p, slices.Sorted(maps.Keys(without)), len(names))
	case left > 0:
		d.add(check, Warning, fmt.Sprintf("%d Applications belong to no staging and are not being deleted", left), "run octopod doctor again in a minute")
	case !troubled:
		d.add(check, OK, "each staging has one", "")
	}
}

// missing reports the stagings without an Application, and why if Argo CD says so.
func (d *diagnosis) missing(ctx context.Context, cluster status.Inspector, p *project.Project, without []string, of int) {
	const shown = 5
	text := fmt.Sprintf("%d of %d stagings have no Application: %s", len(without), of, strings.Join(without[:min(len(without), shown)], ", "))
	fix := "run octopod doctor again in a minute; if it stays, run kubectl describe on the ApplicationSet"
	if fault, err := cluster.ApplicationSetFault(ctx, p); err == nil && fault != "" {
		text, fix = text+": "+fault, "check spec.argocd in octopod.yaml, and the repository and the AppProject in Argo CD"
	}
	d.add("Applications", Fault, text, fix)
}

// stuckAfter is how long a deletion or a sync may take.
const stuckAfter = 5 * time.Minute

// troubled reports the Applications that Argo CD refuses, does not sync, or cannot finish.
func (d *diagnosis) troubled(apps []staging.Application) (some bool) {
	const check = "Applications"
	for _, app := range apps {
		text, fix := trouble(app, d.Now())
		if text == "" {
			continue
		}
		d.add(check, Warning, app.Name+" "+text, fix)
		some = true
	}
	return some
}

// trouble returns what holds up an Application, "" if nothing does.
func trouble(app staging.Application, now time.Time) (text, fix string) {
	for _, c := range app.Conditions {
		if c.Type == "InvalidSpecError" {
			return "is refused: " + c.Message, "apply the AppProject of the env repo, and compare spec.argocd in octopod.yaml with Argo CD"
		}
	}
	switch op := app.Operation; {
	case app.DeletedAt != nil && now.Sub(*app.DeletedAt) > stuckAfter:
		return "is being deleted since " + day(*app.DeletedAt), fmt.Sprintf("octopod get %s names what is left", app.Staging)
	case op != nil && op.FinishedAt.IsZero() && !op.StartedAt.IsZero() && now.Sub(op.StartedAt) > stuckAfter:
		return "syncs since " + day(op.StartedAt) + strings.TrimSuffix(": waits for "+strings.Join(op.Waits, ", "), ": waits for "),
			fmt.Sprintf("octopod terminate %s ends the sync", app.Staging)
	case app.ManualSync:
		return "does not sync automatically", "enable automated sync in the Application, or apply the ApplicationSet of the env repo"
	}
	return "", ""
}

// refresh measures how long a refresh takes.
func (d *diagnosis) refresh(ctx context.Context, cluster status.Refresher, apps []staging.Application) {
	const check = "look at once"
	const fix = "check whether argocd-application-controller and argocd-repo-server run, and how busy they are"
	if len(apps) == 0 {
		d.add(check, Unknown, "there is no Application to refresh", "")
		return
	}
	began := time.Now()
	_, err := cluster.Refresh(ctx, apps[0].Name, false)
	took := time.Since(began)
	switch {
	case err != nil && (staging.CodeOf(err) == staging.CodeTimeout || ctx.Err() != nil):
		d.add(check, Fault, fmt.Sprintf("Argo CD did not compare %s with git within %s", apps[0].Name, checkTimeout), fix)
	case err != nil:
		d.failed(check, err)
	case took > slowRefresh:
		d.add(check, Warning, fmt.Sprintf("%s was compared with git only after %s", apps[0].Name, elapsed(began)), fix)
	default:
		d.add(check, OK, fmt.Sprintf("%s was compared with git within %s", apps[0].Name, elapsed(began)), "")
	}
}

func elapsed(began time.Time) string { return time.Since(began).Round(100 * time.Microsecond).String() }
