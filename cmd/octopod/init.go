package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/doctor"
	"octopod/generator/gitstore"
	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/setup"
	"octopod/generator/staging"
)

// initFlags are the flags of init.
type initFlags struct {
	project, title     string
	engine, outputMode string
	baseDomain         string
	repoURL            string
	template           string
	values             []string
	kubeVersion        string
	apiVersions        []string
	dryRun             bool
}

func (o *initFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.project, "project", "", "`name` of the project")
	f.StringVar(&o.title, "title", "", "title of the project: any `text`")
	f.StringVar(&o.engine, "engine", "kustomize", "template engine: kustomize or jsonnet")
	f.StringVar(&o.outputMode, "output-mode", "source", "content of the env repo: source (Argo CD renders) or rendered (plain YAML)")
	f.StringVar(&o.baseDomain, "base-domain", "", "`domain` of all stagings: staging.example.com")
	f.StringVar(&o.repoURL, "repo-url", "", "`address` of the env repo for Argo CD (default: --env-repo, if it is remote)")
	f.StringVar(&o.template, "template", "", "`directory` with your own kustomize base, plain YAML or Helm chart, or your jsonnet file or packed chart (default: the sample)")
	f.StringArrayVar(&o.values, "values", nil, "`file` with values of the Helm chart; repeatable, the last one wins")
	f.StringVar(&o.kubeVersion, "kube-version", "", "`version` of Kubernetes that the Helm chart is rendered for: 1.31")
	f.StringArrayVar(&o.apiVersions, "api-version", nil, "API `version` of a custom kind that the cluster has, for the Helm chart; repeatable")
	f.BoolVar(&o.dryRun, "dry-run", false, "render and check, but commit nothing")
	for flag, words := range initChoices {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}

// initChoices lists the allowed values of flags.
var initChoices = map[string][]string{
	"engine":      {string(project.EngineKustomize), string(project.EngineJsonnet)},
	"output-mode": {string(project.OutputSource), string(project.OutputRendered)},
}

func (o *initFlags) check(cmd *cobra.Command) error {
	if o.project == "" || o.baseDomain == "" {
		return usage(cmd, "--project and --base-domain are required")
	}
	for flag, words := range initChoices {
		if value := cmd.Flags().Lookup(flag).Value.String(); !slices.Contains(words, value) {
			return usage(cmd, "--%s %q is neither %s", flag, value, strings.Join(words, " nor "))
		}
	}
	return nil
}

// newInit returns `octopod init`.
func newInit(c *cli) *cobra.Command {
	var o initFlags
	cmd := &cobra.Command{
		Use:   "init --env-repo REPO --project NAME --base-domain DOMAIN [--template DIR]",
		Short: "Create an env repo",
		Long: `Turn a repository into an env repo: commit octopod.yaml, the templates and the schemas
for editors. init changes no file that exists: it names these files and stops. Only an
existing README.md stays as it is. Directories in envs without a record, and the names of
Applications that exist in Argo CD or in a file, are excluded from the ApplicationSet
(spec.argocd.exclude). init stops if an AppProject or ApplicationSet of others has the
name of the project. If the path does not exist, init creates a bare repository. In an
empty clone, --env-repo is optional.

With --template, init copies your own base, detects services from its workloads and
hosts from its Ingresses, and lists the objects that the checks would reject. The
template may be a Helm chart, which Octopod renders with each deploy; then --kube-version
is required. Without --template, init copies the sample: a web shop.`,
		Example: `  # The sample
  octopod init --env-repo ./envs.git --project shop \
      --base-domain staging.example.com

  # Use your own base
  octopod init --env-repo git@example.com:acme/envs.git --project acme \
      --base-domain staging.example.com --template deploy/base

  # Use your Helm chart
  octopod init --env-repo ./envs.git --project acme \
      --base-domain staging.example.com --template ./chart \
      --values values-staging.yaml --kube-version 1.31

  # Use jsonnet, with plain YAML in the env repo
  octopod init --env-repo ./envs.git --project shop \
      --base-domain staging.example.com --engine jsonnet --output-mode rendered`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			return c.init(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (c *cli) init(ctx context.Context, o initFlags) error {
	r := setup.InitRequest{
		Name: o.project, Title: o.title, Engine: project.Engine(o.engine), Output: project.Output(o.outputMode),
		BaseDomain: o.baseDomain, RepoURL: o.repoURL, By: c.actor(), DryRun: o.dryRun,
		KubeVersion: o.kubeVersion, APIVersions: o.apiVersions,
	}
	if r.RepoURL == "" && giturl.IsRemote(c.settings.envRepo) {
		r.RepoURL = c.settings.envRepo
	}
	r.RepoURL = giturl.Redact(r.RepoURL) // git keeps octopod.yaml forever
	if o.template != "" {
		closeTemplate, err := openTemplate(o.template, &r)
		if err != nil {
			return err
		}
		defer closeTemplate()
		if err := o.readValues(&r); err != nil {
			return err
		}
	}
	url := c.settings.envRepo
	if url == "" {
		url = gitRoot()
		if err := rejectApplicationRepo(url); err != nil {
			return err
		}
	}
	url, err := c.createIfMissing(ctx, url, o.dryRun)
	if err != nil {
		return err
	}
	to, err := c.connectTo(ctx, url)
	if err != nil {
		return err
	}
	r.Foreign = to.Foreign
	result, err := to.Init(ctx, r)
	if err != nil {
		return err
	}
	if err := c.showInit(result, o); err != nil {
		return err
	}
	for _, f := range to.CheckNames(ctx, result.Project) {
		if f.Health != doctor.OK {
			c.note("%s", sanitize(strings.TrimSuffix(f.Message+": "+f.Fix, ": ")))
		}
	}
	if !o.dryRun {
		c.noteLocal()
		c.noteHead(url)
	}
	return nil
}

// rejectApplicationRepo rejects the work tree around the current directory as an env
// repo if it contains other files, since the user did not name it.
func rejectApplicationRepo(root string) error {
	entries, err := os.ReadDir(root)
	if root == "" || err != nil {
		return nil // opening the repository reports the fault
	}
	ours := func(e fs.DirEntry) bool {
		name := strings.ToLower(e.Name())
		return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "readme") || strings.HasPrefix(name, "licen") || name == project.File
	}
	if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !ours(e) }) {
		return nil
	}
	return staging.Errorf(staging.CodeInvalid, "no env repo is given, and the current repository has other files").
		WithHint("set --env-repo or OCTOPOD_ENV_REPO to an empty repository; --env-repo %s uses the current one", root)
}

// noteHead prints a note if HEAD of a repository on this machine names another
// branch than the env repo's: clones would check out that branch.
func (c *cli) noteHead(repo string) {
	head, err := os.ReadFile(filepath.Join(repo, "HEAD")) // of a bare one; a clone has its branch checked out
	branch, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/")
	read, _ := c.branch(repo)
	written := cmp.Or(read, gitstore.DefaultBranch)
	if err != nil || !ok || branch == written || giturl.IsRemote(repo) {
		return
	}
	c.note("clones of %s check out branch %s, but init wrote %s: run `git -C %s symbolic-ref HEAD refs/heads/%s` once", repo, branch, written, repo, written)
}

// createIfMissing creates the repository if its path does not exist. A dry run
// creates it in a scratch folder, which cli.close removes.
func (c *cli) createIfMissing(ctx context.Context, url string, dryRun bool) (string, error) {
	if url == "" || giturl.IsRemote(url) || strings.HasPrefix(url, "file:") || exists(url) {
		return url, nil
	}
	if dryRun {
		scratch, err := os.MkdirTemp("", "octopod-init-")
		if err != nil {
			return "", staging.Errorf(staging.CodeUnavailable, "cannot create a scratch folder").Because(err)
		}
		c.closers = append(c.closers, func() error { return os.RemoveAll(scratch) })
		return scratch, makeRepo(ctx, scratch)
	}
	if err := makeRepo(ctx, url); err != nil {
		return "", err
	}
	c.note("created %s, an empty bare repository", url)
	return url, nil
}

// openTemplate opens a directory as a root: files outside of it cannot be read, not
// even through symbolic links.
func openTemplate(path string, r *setup.InitRequest) (closeTemplate func(), err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, templateError(path, err)
	}
	r.TemplatePath = filepath.ToSlash(path)
	dir := path
	if strings.HasSuffix(path, ".tgz") && !info.IsDir() {
		dir, r.TemplateArchive = filepath.Dir(path), filepath.Base(path)
	} else if info.IsDir() {
		dir, r.TemplateDir, r.TemplateUses, err = resolveBase(dir)
	} else {
		var base jsonnetBase
		base, err = resolveJsonnet(path)
		dir, r.TemplateFile, r.TemplateUses, r.TemplateLibraries = base.root, base.file, base.uses, base.libraries
		r.Engine = project.EngineJsonnet // only jsonnet templates are files
	}
	if err != nil {
		return nil, templateError(path, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, templateError(path, err)
	}
	r.Template = root.FS()
	return func() { _ = root.Close() }, nil // opened read-only
}

// readValues reads the files with values of a chart.
func (o *initFlags) readValues(r *setup.InitRequest) error {
	for _, name := range o.values {
		data, err := os.ReadFile(name)
		if err != nil {
			return staging.Errorf(staging.CodeNotFound, "cannot read the values %s", name).Because(err)
		}
		r.ValueFiles = append(r.ValueFiles, staging.File{Path: filepath.Base(name), Data: data})
	}
	return nil
}

func templateError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return staging.Errorf(staging.CodeNotFound, "there is no template %s", path).
			WithHint("--template takes a directory with a kustomization.yaml, plain YAML or a Helm chart, a packed chart, or a jsonnet file")
	}
	return staging.Errorf(staging.CodeInvalid, "cannot read the template").Because(err)
}

// initJSON is the output of init with -o json.
type initJSON struct {
	Project  *project.Project   `json:"project"`
	Changed  bool               `json:"changed"`
	Revision string             `json:"revision,omitempty"`
	Plan     []staging.PlanItem `json:"plan"`
	Notes    []string           `json:"notes"`
	Findings []staging.Problem  `json:"findings"`
}

func (c *cli) showInit(r setup.InitResult, o initFlags) error {
	switch c.settings.output {
	case "json", "yaml":
		return c.encode(initJSON{r.Project, len(r.Plan) > 0 && !o.dryRun, r.Revision, r.Plan, r.Notes, r.Findings})
	case "name":
		c.stdout.printf("%s\n", r.Project.Metadata.Name)
		return nil
	}
	tail := " (" + shortRevision(r.Revision) + ")"
	if o.dryRun {
		tail = " (dry run, nothing is committed)"
	}
	c.stdout.printf("initialised %s%s\n", c.stdout.paint(bold, r.Project.Metadata.Name), tail)
	c.showPlan(r.Plan)
	for _, note := range r.Notes {
		c.note("%s", sanitize(note))
	}
	if len(r.Findings) > 0 {
		c.note("\nThe checks report %s in this template, and reject every deploy:", plural(len(r.Findings), "fault"))
	}
	for _, p := range r.Findings {
		c.note("  %s", sanitize(p.String()))
	}
	c.showNext(r, o)
	return nil
}

// showNext prints the next step.
func (c *cli) showNext(r setup.InitResult, o initFlags) {
	switch {
	case o.dryRun:
	case len(r.Findings) > 0:
		c.note("\nNext: fix the template; or allow the faults with a reason: uncomment the lines at the end\nof octopod.yaml. Then run `octopod lint`.")
	default:
		c.note("\nNext: octopod deploy --branch BRANCH --service %s --image REF", firstService(r.Project))
	}
}

func firstService(p *project.Project) string {
	if names := p.ServiceNames(); len(names) > 0 {
		return names[0]
	}
	return "SERVICE"
}
