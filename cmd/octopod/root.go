package main

import "github.com/spf13/cobra"

// newRoot builds the command tree.
func newRoot(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   "octopod",
		Short: "A staging environment for every branch, through git",
		Long: `Octopod gives every feature branch its own staging environment on Kubernetes.

It writes each staging as manifests into an env repo, which Argo CD syncs. Git is
the only database: the git history is the action log, and git revert is a rollback.`,
		Example: `  # Run a demo in a scratch folder
  octopod demo

  # In CI, after the build of a branch
  octopod deploy --branch feature/login --service backend \
      --image registry.example.com/shop/backend:1f2e3d4

  # For everyone
  octopod get
  octopod set feature-login LOG_LEVEL=debug
  octopod rollback feature-login`,
		Args:                       cobra.ArbitraryArgs,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		PersistentPreRunE:          func(cmd *cobra.Command, _ []string) error { return c.resolveSettings(cmd) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.Version = readVersion().Version
	root.SetVersionTemplate("octopod {{.Version}}\n")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "%s%s", err, suggestFlag(cmd, err)) })
	c.settings.addFlags(root)
	c.completeSettings(root)
	addVerbs(c, root)
	return root
}

// addVerbs adds every verb to its group in the help.
func addVerbs(c *cli, root *cobra.Command) {
	groups := []struct {
		id, title string
		verbs     []*cobra.Command
	}{
		{"change", "Change stagings:", []*cobra.Command{
			newDeploy(c), newCreate(c), newUpdate(c), newSet(c), newUnset(c), newArchive(c), newRestore(c), newRestart(c), newTerminate(c),
			newDelete(c), newPin(c), newUnpin(c), newKeep(c), newUnkeep(c), newExtend(c), newMark(c), newRollback(c), newUndo(c), newDB(c)}},
		{"show", "Show stagings:", []*cobra.Command{
			newGet(c), newDescribe(c), newWait(c), newOpen(c), newHistory(c), newDiff(c), newCompare(c), newCost(c), newRender(c), newName(c), newURL(c),
			newExplain(c)}},
		{"repo", "Manage the env repo:", []*cobra.Command{
			newInit(c), newVendor(c), newImport(c), newRegenerate(c), newMigrateSettings(c), newSweep(c), newLint(c), newDoctor(c)}},
		{"more", "More:", []*cobra.Command{newToken(c), newNotify(c), newDemo(c), newServe(c), newDatabase(c), newVersion(c), newCompletion(c), newMan(c)}},
	}
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, verb := range g.verbs {
			verb.GroupID = g.id
			root.AddCommand(verb)
		}
	}
	root.AddCommand(newRenderWorker(c))
	addHelp(root)
}
