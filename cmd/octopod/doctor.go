package main

import (
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/doctor"
	"octopod/generator/staging"
)

// newDoctor returns `octopod doctor`.
func newDoctor(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check the env repo, Argo CD and their connection",
		Long: `Check the setup: Octopod can read and write the env repo, Argo CD answers, grants
Octopod its permissions, has this project with minimal rights, and refreshes on
request. doctor changes nothing.

With PGHOST, PGUSER and PGPASSWORD, doctor lists the databases on that server which
Octopod made for stagings of this project that have no record.

doctor prints a fix for each fault. Exit code 6: there are faults.`,
		Example: `  octopod doctor
  ARGOCD_SERVER=argocd.example.com octopod doctor -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			findings, err := to.Diagnose(cmd.Context())
			if err != nil {
				return err
			}
			return c.showFindings(append(findings, c.diagnoseDatabases(cmd.Context(), to)...))
		},
	}
}

func (c *cli) showFindings(findings []doctor.Finding) error {
	faults := 0
	for _, f := range findings {
		if f.Health == doctor.Fault {
			faults++
		}
	}
	if c.settings.machineReadable() {
		if err := c.encode(staging.ListOf("Finding", findings)); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			c.showFinding(f)
		}
	}
	if faults > 0 {
		return reportedError{staging.CodeFailed}
	}
	return nil
}

func (c *cli) showFinding(f doctor.Finding) {
	mark := map[doctor.Health]cell{
		doctor.OK: {"✓", green}, doctor.Warning: {"!", yellow}, doctor.Fault: {"✗", red}, doctor.Unknown: {"?", dim},
	}[f.Health]
	c.stdout.printf("%s %-26s %s\n", c.stdout.paint(mark.style, mark.text), f.Check, indented(sanitize(f.Message)))
	if f.Fix != "" {
		c.stdout.printf("  %s\n", c.stdout.paint(dim, "→ "+indented(sanitize(f.Fix))))
	}
}

// indented indents all lines of a text but the first.
func indented(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
