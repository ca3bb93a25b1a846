package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// newDescribe returns `octopod describe`.
func newDescribe(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "describe NAME",
		Aliases: []string{"info"},
		Short:   "Show the details of a staging",
		Long: `Show the details of a staging: its images, every setting with the source of its value
(default, preset or override), links, and the last changes.`,
		Example: `  octopod describe feature-login
  octopod describe feature-login -o yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := oneName(cmd, args, "")
			if err != nil {
				return err
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			return c.describe(cmd.Context(), to, name)
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
	return cmd
}

// describeJSON is the output of describe with -o json.
type describeJSON struct {
	staging.View
	Settings []project.Setting `json:"settings"`
	Links    []project.Link    `json:"links"`
	History  []staging.Event   `json:"history"`
}

func (c *cli) describe(ctx context.Context, to interface {
	finder
	historian
}, name string) error {
	views, err := to.Find(ctx, staging.Query{Names: []string{name}, Pending: true})
	if err != nil {
		return err
	}
	p, err := to.Project(ctx)
	if err != nil {
		return err
	}
	const lastChanges = 5
	events, err := to.History(ctx, staging.HistoryQuery{Name: name, Limit: lastChanges, Rollouts: true})
	if err != nil {
		return err
	}
	if t := &views[0].Status.Timings; t.Committed == nil && t.Seen != nil && len(events) > 0 {
		t.Committed = &events[0].At
	}
	record := views[0].Document.Staging()
	d := describeJSON{View: views[0], Settings: p.Settings(record), Links: p.Links(record), History: events}
	if c.settings.machineReadable() {
		return c.encode(d)
	}
	c.showPage(p, d)
	return nil
}

// showPage prints the details of a staging for people.
func (c *cli) showPage(p *project.Project, d describeJSON) {
	s := d.Spec
	c.printField("Name", c.stdout.paint(bold, d.Metadata.Name))
	c.printField("Title", oneLine(d.Metadata.Title))
	c.printField("Status", c.statusLine(d.View))
	if d.Status.Phase == staging.PhaseInvalid {
		c.stdout.printf("\n%s\n%s\n", d.Status.Reason, sanitize(d.Status.Detail))
		c.showChanges(d.History)
		return
	}
	c.printField("Detail", oneLine(d.Status.Detail))
	c.printField("Pending", pendingChanges(d.Status, d.Metadata.Name))
	c.printField("Steps", steps(d.Status.Timings))
	c.printField("Branch", oneLine(s.Branch))
	if pr := s.PullRequest; pr != nil {
		c.printField("Pull request", oneLine(strings.Join([]string{fmt.Sprintf("#%d", pr.Number), pr.Title, by(pr.Author), pr.URL}, " ")))
	}
	c.printField("Created", c.formatTime(s.Created.At)+by(s.Created.By))
	c.printField("Expires", expires(d.View))
	if s.Pinned != nil {
		c.printField("Pinned", oneLine(c.formatTime(s.Pinned.At)+by(s.Pinned.By)+": "+cmp.Or(s.Pinned.Reason, "no reason given")))
	}
	c.showBadges(p, d.View.Staging())
	c.printField("Tested", c.tested(d.View))
	if record := d.View.Staging(); p.Data(record) != nil {
		c.printField("Test data", c.dataSource(record, *p.Data(record)))
	}
	c.printField("Presets", strings.Join(s.Presets, ", "))
	c.printField("Namespace", p.Namespace(d.Metadata.Name))
	c.printField("Application", p.Application(d.Metadata.Name))
	c.showServices(d.View)
	c.showSettings(d.Settings)
	c.showLinks(d.Status.URLs, d.Links)
	c.showChanges(d.History)
}

// pendingChanges returns what regenerating the staging would change, and the command
// that does it.
func pendingChanges(s staging.Status, name string) string {
	switch {
	case s.EditedByHand:
		return "edited by hand: the record counts, and `octopod regenerate " + name + "` restores its files; `octopod diff " + name + "` shows the edit"
	case len(s.Pending) == 0:
		return ""
	}
	return "not rolled out yet: " + strings.Join(s.Pending, ", ") + "; `octopod diff " + name + "` shows the changes, the next deploy or `octopod regenerate " + name + "` ships them"
}

// tested returns the test result, and whether it is outdated.
func (c *cli) tested(v staging.View) string {
	t := v.Spec.Tested
	if t == nil {
		return ""
	}
	line := string(t.Outcome) + by(t.By) + " " + c.formatTime(t.At)
	if slices.Contains(v.Status.Untested, staging.TestedVersions) {
		line += ", in an earlier version"
	}
	if slices.Contains(v.Status.Untested, staging.TestedSettings) {
		line += ", with other settings"
	}
	return oneLine(strings.TrimSuffix(line+": "+t.Note, ": "))
}

func by(person string) string {
	if person == "" {
		return ""
	}
	return " by " + person
}

// printField prints one line of the page. It omits an empty value.
func (c *cli) printField(name, value string) {
	if value != "" && value != noValue {
		c.stdout.printf("%-13s%s\n", name+":", value)
	}
}

func (c *cli) statusLine(v staging.View) string {
	status := statusCell(v)
	line := c.stdout.paint(status.style, status.text)
	switch {
	case v.Status.Phase == staging.PhaseInvalid:
		return line
	case !v.Status.Reason.IsZero():
		return line + "  " + oneLine(v.Status.Reason.String()) + c.since(v.Status.Since)
	case v.Status.Phase == "":
		return line + "  (Argo CD is not connected)"
	}
	return line
}

// since returns how long a status has lasted, "" if that is unknown.
func (c *cli) since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " (since " + c.formatTime(*t) + ")"
}

// steps returns the progress of the last change: committed 12:00:00 → seen +0.3s.
func steps(t staging.Timings) string {
	var words []string
	var first time.Time
	for _, step := range []struct {
		name string
		at   *time.Time
	}{{"committed", t.Committed}, {"seen", t.Seen}, {"applied", t.Synced}, {"running", t.Running}} {
		switch {
		case step.at == nil:
		case first.IsZero():
			first = *step.at
			words = append(words, step.name+" "+first.UTC().Format("15:04:05 MST"))
		default:
			words = append(words, fmt.Sprintf("%s +%.0fs", step.name, step.at.Sub(first).Seconds()))
		}
	}
	return strings.Join(words, " → ")
}

func (c *cli) showServices(v staging.View) {
	columns := []column{{"SERVICE", 0}, {"FROM", 0}, {"COMMIT", 0}, {"IMAGE", 1}}
	if v.Status.Phase != "" {
		columns = append(columns, column{"LIVE", 0})
	}
	var rows [][]cell
	for _, name := range sortedKeys(v.Spec.Services) {
		s := v.Spec.Services[name]
		row := []cell{{name, ""}, {string(s.From), ""}, {cmp.Or(shortRevision(s.Commit), noValue), ""}, {s.Image, ""}, liveCell(v.Status.Services[name])}
		rows = append(rows, row[:len(columns)])
	}
	c.printSection(columns, rows)
}

// liveCell returns yes if only the wanted version has pods, else the versions
// that have pods.
func liveCell(s staging.ServiceStatus) cell {
	switch {
	case len(s.Live) == 1 && s.Live[0] == s.Wanted:
		return cell{"yes", green}
	case len(s.Live) == 0:
		return cell{noValue, dim}
	}
	tags := make([]string, len(s.Live))
	for i, image := range s.Live {
		tags[i] = staging.ImageTag(image)
	}
	return cell{strings.Join(tags, ", "), yellow}
}

func (c *cli) showSettings(settings []project.Setting) {
	var rows [][]cell
	for _, s := range settings {
		colour := map[project.Origin]style{project.OriginOverride: yellow, project.OriginPreset: cyan}[s.Origin]
		origin := strings.TrimSpace(string(s.Origin) + " " + s.Preset)
		if s.Unused {
			colour, origin = dim, "not used: applies with "+s.Parameter.Condition()
		}
		rows = append(rows, []cell{{s.Name, ""}, {settingText(s), colour}, {origin, colour},
			{string(s.Parameter.Scope), ""}, {s.Parameter.Help, dim}})
	}
	c.printSection([]column{{"SETTING", 0}, {"VALUE", 2}, {"FROM", 0}, {"SCOPE", 0}, {"HELP", 3}}, rows)
}

// settingText returns a value for people. It masks secrets, but not references to secrets.
func settingText(s project.Setting) string {
	switch {
	case s.Absent():
		return "(absent)"
	case s.Value == nil:
		return noValue
	case s.Value == "":
		return `""`
	case s.Parameter.Type == project.TypeSecret:
		return staging.FormatValue(s.Value)
	}
	return staging.RedactValue(s.Name, staging.FormatValue(s.Value))
}

// showLinks lists the addresses of the services, then the project's links.
func (c *cli) showLinks(urls map[string]string, links []project.Link) {
	var rows [][]cell
	for _, service := range sortedKeys(urls) {
		rows = append(rows, []cell{{service, ""}, {urls[service], cyan}})
	}
	for _, l := range links {
		rows = append(rows, []cell{{l.Name, ""}, {l.URL, cyan}})
	}
	c.printSection([]column{{"LINK", 0}, {"URL", 0}}, rows)
}

func (c *cli) printSection(columns []column, rows [][]cell) {
	if len(rows) > 0 {
		c.stdout.printf("\n")
		c.stdout.table(columns, rows, true)
	}
}

func (c *cli) showChanges(events []staging.Event) {
	c.stdout.printf("\n")
	c.tableOfEvents(events, true)
}
