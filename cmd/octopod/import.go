package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/change"
	"octopod/generator/octopod1"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// importFlags map the overrides of Octopod 1 to parameters and images.
type importFlags struct {
	keys, images, branches, leave []string
	dryRun                        bool
}

// newImport returns `octopod import`.
func newImport(c *cli) *cobra.Command {
	var o importFlags
	cmd := &cobra.Command{
		Use:   "import FILE [--dry-run]",
		Short: "Import the stagings of Octopod 1",
		Long: `Import the stagings of Octopod 1. FILE is the answer of its API at
/api/v1/deployments, or - for stdin. Each staging becomes a record with its settings, in
one commit; import pushes all commits together. Archived stagings stay archived.
Stagings that exist in the env repo already do not change. With --server, admins import.

An override becomes the parameter with the same name. --key maps it to a parameter with
another name, --image to the tag or image of a service, and --leave drops it. import
lists all other overrides, and commits nothing until each one is mapped or dropped.

Octopod 1 stores no branches: the branch of a staging defaults to its name, and --branch
sets another one. Links, logs and databases stay with Octopod 1.`,
		Example: `  # Preview the import
  octopod import deployments.json --dry-run

  # Import, with a mapping for each key of the preview
  octopod import deployments.json --image image.tag=backend \
      --key global.logLevel=LOG_LEVEL --leave chart_version \
      --branch login=feature/login`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, "which file? - is stdin")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.importFrom(cmd.Context(), cmd, args[0], o) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.keys, "key", nil, "map an override to a parameter, as `OLD=PARAMETER`, repeatable")
	f.StringArrayVar(&o.images, "image", nil, "map an override to the image of a service, as `OLD=SERVICE`, repeatable")
	f.StringArrayVar(&o.branches, "branch", nil, "branch of a staging, as `NAME=BRANCH`, repeatable (default: its name)")
	f.StringArrayVar(&o.leave, "leave", nil, "drop the override `KEY`; * matches any text; repeatable")
	f.BoolVar(&o.dryRun, "dry-run", false, "render and check, but commit nothing")
	for _, flag := range []string{"key", "image", "branch", "leave"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	return cmd
}

// mapping parses the flags.
func (o importFlags) mapping(cmd *cobra.Command) (m octopod1.Mapping, err error) {
	m.Ignore = o.leave
	for _, f := range []struct {
		flag, form string
		values     []string
		to         *map[string]string
	}{
		{"--key", "OLD=PARAMETER", o.keys, &m.Keys}, {"--image", "OLD=SERVICE", o.images, &m.Images},
		{"--branch", "NAME=BRANCH", o.branches, &m.Branches},
	} {
		*f.to = map[string]string{}
		for _, value := range f.values {
			left, right, ok := strings.Cut(value, "=")
			if !ok || left == "" || right == "" {
				return m, usage(cmd, "%s %s is not %s", f.flag, value, f.form)
			}
			(*f.to)[left] = right
		}
	}
	return m, nil
}

func (c *cli) importFrom(ctx context.Context, cmd *cobra.Command, file string, o importFlags) error {
	m, err := o.mapping(cmd)
	if err != nil {
		return err
	}
	deployments, err := c.readDeployments(file)
	if err != nil {
		return err
	}
	to, err := c.connect(ctx)
	if err != nil {
		return err
	}
	p, err := to.Project(ctx)
	if err != nil {
		return err
	}
	report := newImportReport(p, m, deployments)
	request := change.ImportRequest{Items: report.items, By: c.actor(), DryRun: o.dryRun || report.incomplete()}
	if report.result, err = to.Import(ctx, request); err != nil {
		return err
	}
	if report.result.Changed && !request.DryRun {
		c.refreshArgoCD(ctx, to, report.result.Plan)
	}
	return c.showImport(report, request.DryRun)
}

func (c *cli) readDeployments(file string) ([]octopod1.Deployment, error) {
	read := func() ([]byte, error) { return os.ReadFile(file) }
	if file == "-" {
		read = func() ([]byte, error) { return io.ReadAll(c.stdin) }
	}
	data, err := read()
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "cannot read the list of deployments").Because(err)
	}
	return octopod1.Parse(data)
}

// importReport lists the deployments of Octopod 1, their conversion, and the result
// of the import.
type importReport struct {
	deployments []octopod1.Deployment
	converted   []octopod1.Converted
	items       []change.ImportItem
	result      change.ImportResult
}

func newImportReport(p *project.Project, m octopod1.Mapping, deployments []octopod1.Deployment) *importReport {
	r := &importReport{deployments: deployments}
	for _, d := range deployments {
		converted := m.Convert(p, d)
		r.converted = append(r.converted, converted)
		r.items = append(r.items, change.ImportItem{Action: converted.Action, Archived: d.Archived, Created: d.Created})
	}
	return r
}

// incomplete reports whether the import would lose data.
func (r *importReport) incomplete() bool {
	return slices.ContainsFunc(r.converted, func(c octopod1.Converted) bool { return len(c.Unmapped)+len(c.Problems) > 0 })
}

// unmappedKeys returns the keys without a mapping, with the number of stagings that have each.
func (r *importReport) unmappedKeys() map[string]int {
	keys := map[string]int{}
	for _, c := range r.converted {
		for _, key := range c.Unmapped {
			keys[key]++
		}
	}
	return keys
}

// failure returns why the import of one deployment fails; "" if it succeeds.
func (r *importReport) failure(i int) string {
	var words []string
	for _, fault := range r.converted[i].Problems {
		words = append(words, fault.String())
	}
	if err := r.result.Outcomes[i].Err; err != nil {
		words = append(words, message(err))
	}
	return strings.Join(words, "; ")
}

// importedJSON is one deployment in the output of import with -o json.
type importedJSON struct {
	Name     string   `json:"name"`
	Branch   string   `json:"branch"`
	Archived bool     `json:"archived"`
	Changed  bool     `json:"changed"`
	Left     []string `json:"left,omitempty"` // keys without a mapping
	Remark   string   `json:"remark,omitempty"`
	Error    string   `json:"error,omitempty"`
}

func (c *cli) showImport(r *importReport, dryRun bool) error {
	var items []importedJSON
	failed := r.incomplete()
	for i, item := range r.result.Outcomes {
		items = append(items, importedJSON{
			Name: item.Name, Branch: r.converted[i].Action.Branch, Archived: item.Archived, Changed: item.Changed,
			Left: r.converted[i].Unmapped, Remark: r.deployments[i].Remark, Error: r.failure(i),
		})
		failed = failed || items[i].Error != ""
	}
	switch {
	case c.settings.machineReadable():
		err := c.encode(struct {
			staging.List[importedJSON]
			Changed  bool   `json:"changed"`
			DryRun   bool   `json:"dryRun,omitempty"`
			Revision string `json:"revision,omitempty"`
		}{staging.ListOf("Imported", items), r.result.Changed, dryRun, r.result.Revision})
		if err != nil {
			return err
		}
	case c.settings.output == "name":
		for _, item := range items {
			c.stdout.printf("%s\n", item.Name)
		}
	default:
		c.stdout.table([]column{{"NAME", 0}, {"BRANCH", 0}, {"STEP", 0}, {"REMARK", 1}}, importRows(items), true)
		c.stdout.printf("%s\n", r.summary(items, dryRun, failed))
		c.noteUnmapped(r)
	}
	if failed {
		return reportedError{staging.CodeInvalid}
	}
	return nil
}

func importRows(items []importedJSON) [][]cell {
	var rows [][]cell
	for _, item := range items {
		step, remark := cell{"create", green}, item.Remark
		switch {
		case item.Error != "":
			step, remark = cell{"failed", red}, item.Error
		case !item.Changed:
			step, remark = cell{"keep", dim}, "exists already"
		case item.Archived:
			step.text = "archived"
		}
		if len(item.Left) > 0 {
			remark = strings.TrimPrefix(remark+"; not imported: "+strings.Join(item.Left, ", "), "; ")
		}
		rows = append(rows, []cell{{item.Name, bold}, {item.Branch, ""}, step, {cmp.Or(oneLine(remark), noValue), ""}})
	}
	return rows
}

// summary returns the counts: 2 created, 1 unchanged (1f2e3d4).
func (r *importReport) summary(items []importedJSON, dryRun, failed bool) string {
	created, unchanged := 0, 0
	for _, item := range items {
		switch {
		case item.Changed:
			created++
		case item.Error == "":
			unchanged++
		}
	}
	words := []string{count(created, "created"), count(unchanged, "unchanged")}
	text := strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), ", ")
	switch {
	case failed:
		return "nothing is committed: the import would lose data"
	case text == "":
		return "no stagings"
	case dryRun:
		return text + " (dry run, nothing is committed)"
	case r.result.Changed:
		return fmt.Sprintf("%s (%s)", text, shortRevision(r.result.Revision))
	}
	return text
}

// noteUnmapped prints the keys without a mapping, and the flags that map them.
func (c *cli) noteUnmapped(r *importReport) {
	keys := r.unmappedKeys()
	if slices.ContainsFunc(r.deployments, func(d octopod1.Deployment) bool { return d.Links > 0 }) {
		c.note("links are not imported: a staging has the links of its services and of spec.links in %s", project.File)
	}
	for _, key := range sortedKeys(keys) {
		c.note("%s, set on %s, is not a parameter: use --key %s=PARAMETER, --image %s=SERVICE or --leave %s",
			oneLine(key), plural(keys[key], "staging"), oneLine(key), oneLine(key), strconv.Quote(key))
	}
}
