package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// completionTimeout limits a completion on Tab. After it there are no
// suggestions, and no error either, because it would garble the command line.
const completionTimeout = 3 * time.Second

// completer suggests words for the word that the user types.
type completer func(ctx context.Context, in backend, args []string, typed string) []string

// completion returns the cobra function that runs a completer on the env repo.
func (c *cli) completion(words completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if c.resolveSettings(cmd) != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		c.settings.quiet = true
		ctx, cancel := withTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		in, err := c.connect(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var fitting []string
		directive := cobra.ShellCompDirectiveNoFileComp
		for _, word := range words(ctx, in, args, typed) {
			if strings.HasPrefix(word, typed) {
				fitting = append(fitting, word)
			}
			if key, _, _ := strings.Cut(word, "\t"); strings.HasSuffix(key, "=") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
		}
		return fitting, directive
	}
}

// stripBackquotes removes the backquotes that mark value names in the help of
// flags, because shells show the help unformatted.
func stripBackquotes(cmd *cobra.Command) {
	plain := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	cmd.PersistentFlags().VisitAll(plain)
	cmd.Flags().VisitAll(plain)
	for _, sub := range cmd.Commands() {
		stripBackquotes(sub)
	}
}

// completeFlag completes the value of a flag.
func (c *cli) completeFlag(cmd *cobra.Command, flag string, words completer) {
	// It fails only for an unknown flag; tests call every verb.
	_ = cmd.RegisterFlagCompletionFunc(flag, c.completion(words))
}

// completeSettings completes the flags of every verb.
func (c *cli) completeSettings(root *cobra.Command) {
	whole := slices.DeleteFunc(slices.Clone(outputFormats), func(form string) bool { return strings.HasPrefix(form, jsonPathPrefix) })
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(whole, cobra.ShellCompDirectiveNoFileComp))
	for _, flag := range []string{"ref", "actor", "timeout"} {
		_ = root.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
}

// completeNames suggests stagings that are not in the arguments yet.
func completeNames(ctx context.Context, in backend, args []string, typed string) []string {
	return namesWhere(nil)(ctx, in, args, typed)
}

// namesWhere suggests the stagings that match fit, which is nil for all.
func namesWhere(fit func(staging.Spec) bool) completer {
	return func(ctx context.Context, in backend, args []string, _ string) []string {
		views, err := in.Find(ctx, staging.Query{All: true, Recorded: true})
		if err != nil {
			return nil
		}
		var words []string
		for _, v := range views {
			if !slices.Contains(args, v.Metadata.Name) && (fit == nil || fit(v.Spec)) {
				words = append(words, withDescription(v.Metadata.Name, v.Spec.Branch))
			}
		}
		return words
	}
}

// withDescription adds the text that the shell shows beside a word.
func withDescription(word, help string) string {
	if help == "" {
		return word
	}
	return word + "\t" + oneLine(help)
}

func completeOneName(ctx context.Context, in backend, args []string, typed string) []string {
	return firstArgument(completeNames)(ctx, in, args, typed)
}

// firstArgument completes only the first argument.
func firstArgument(words completer) completer {
	return func(ctx context.Context, in backend, args []string, typed string) []string {
		if len(args) > 0 {
			return nil
		}
		return words(ctx, in, args, typed)
	}
}

// completeNameThen completes the name of a staging, then further arguments with rest.
func completeNameThen(rest completer) completer {
	return func(ctx context.Context, in backend, args []string, typed string) []string {
		if len(args) == 0 {
			return completeNames(ctx, in, args, typed)
		}
		return rest(ctx, in, args, typed)
	}
}

// completeValues suggests KEY=, and after the "=" the allowed values.
func completeValues(ctx context.Context, in backend, _ []string, typed string) []string {
	p, err := in.Project(ctx)
	if err != nil {
		return nil
	}
	key, _, valued := strings.Cut(typed, "=")
	if !valued {
		return parameters(p, "=")
	}
	var words []string
	for _, value := range allowedValues(p.Spec.Parameters[key]) {
		words = append(words, key+"="+value)
	}
	if !p.Spec.Parameters[key].TakesSecretReference() {
		return words
	}
	views, err := in.Find(ctx, staging.Query{All: true, Recorded: true})
	if err != nil {
		return nil
	}
	var among []staging.Staging
	for _, v := range views {
		among = append(among, v.Staging())
	}
	for _, r := range p.SecretReferences(key, among) {
		words = append(words, withDescription(key+"="+r.Name, r.UsedInText()))
	}
	return words
}

func parameters(p *project.Project, after string) []string {
	var words []string
	for _, name := range p.ParameterNames() {
		words = append(words, withDescription(name+after, p.Spec.Parameters[name].Help))
	}
	return words
}

// allowedValues returns the values of a parameter that has a fixed set of them.
func allowedValues(parameter project.Parameter) []string {
	if parameter.Type == project.TypeBoolean {
		return []string{"true", "false"}
	}
	var texts []string
	for _, v := range parameter.Allowed {
		texts = append(texts, staging.FormatValue(v))
	}
	return texts
}

func completeParameters(ctx context.Context, in backend, _ []string, _ string) []string {
	p, err := in.Project(ctx)
	if err != nil {
		return nil
	}
	return parameters(p, "")
}

// completeOverridden suggests the overrides of the staging.
func completeOverridden(ctx context.Context, in backend, args []string, _ string) []string {
	views, err := in.Find(ctx, staging.Query{Names: args[:1], Recorded: true})
	if err != nil {
		return nil
	}
	overrides := views[0].Spec.Overrides
	names := slices.Collect(maps.Keys(overrides.App))
	names = slices.AppendSeq(names, maps.Keys(overrides.Deployment))
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(args, name) })
}

func completePresets(ctx context.Context, in backend, _ []string, _ string) []string {
	p, err := in.Project(ctx)
	if err != nil {
		return nil
	}
	var words []string
	for _, name := range sortedKeys(p.Spec.Presets) {
		words = append(words, withDescription(name, p.Spec.Presets[name].Help))
	}
	return words
}

func completeServices(ctx context.Context, in backend, _ []string, _ string) []string {
	p, err := in.Project(ctx)
	if err != nil {
		return nil
	}
	return p.ServiceNames()
}

// completeImages suggests SERVICE=. Only CI knows the images.
func completeImages(ctx context.Context, in backend, args []string, typed string) []string {
	words := completeServices(ctx, in, args, typed)
	for i := range words {
		words[i] += "="
	}
	return words
}

// completeRevisions suggests revisions from the history of the staging in args.
func completeRevisions(ctx context.Context, in backend, args []string, _ string) []string {
	if len(args) == 0 {
		return nil
	}
	events, err := in.History(ctx, staging.HistoryQuery{Name: args[0], Limit: 20})
	if err != nil {
		return nil
	}
	var words []string
	for _, e := range events {
		words = append(words, withDescription(shortRevision(e.Revision), e.At.Format("2 Jan 15:04")+" "+e.By.Name+": "+e.Subject))
	}
	return words
}
