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

// completionTimeout is how long Tab may take. What cannot be read by then is not
// completed, and nothing is said about it: a shell is no place for errors.
const completionTimeout = 3 * time.Second

// completer offers words for what is being typed.
type completer func(ctx context.Context, in backend, args []string, typed string) []string

// completion runs a completer over the env repo.
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

// stripBackquotes takes the marks off the help of flags that name their values: a
// shell shows it as it is.
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
	// It fails only for a flag that does not exist: the tests call each.
	_ = cmd.RegisterFlagCompletionFunc(flag, c.completion(words))
}

// completeSettings completes the flags that every verb has.
func (c *cli) completeSettings(root *cobra.Command) {
	whole := slices.DeleteFunc(slices.Clone(outputFormats), func(form string) bool { return strings.HasPrefix(form, jsonPathPrefix) })
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(whole, cobra.ShellCompDirectiveNoFileComp))
	for _, flag := range []string{"ref", "actor", "timeout"} {
		_ = root.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
}

// completeNames offers stagings that are not in the arguments yet.
func completeNames(ctx context.Context, in backend, args []string, typed string) []string {
	return namesWhere(nil)(ctx, in, args, typed)
}

// namesWhere offers the stagings for which a verb has something to do.
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

// withDescription adds what the shell shows beside a word.
func withDescription(word, help string) string {
	if help == "" {
		return word
	}
	return word + "\t" + oneLine(help)
}

func completeOneName(ctx context.Context, in backend, args []string, typed string) []string {
	return firstArgument(completeNames)(ctx, in, args, typed)
}

// firstArgument completes the first argument and none after it.
func firstArgument(words completer) completer {
	return func(ctx context.Context, in backend, args []string, typed string) []string {
		if len(args) > 0 {
			return nil
		}
		return words(ctx, in, args, typed)
	}
}

// completeNameThen completes a name first and something about it after.
func completeNameThen(rest completer) completer {
	return func(ctx context.Context, in backend, args []string, typed string) []string {
		if len(args) == 0 {
			return completeNames(ctx, in, args, typed)
		}
		return rest(ctx, in, args, typed)
	}
}

// completeValues offers KEY= and, once that is typed, the values it may have.
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

// allowedValues lists what a parameter may be, where that is a list.
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

// completeOverridden offers what is set on the staging.
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

// completeImages offers SERVICE=; what CI built only CI knows.
func completeImages(ctx context.Context, in backend, args []string, typed string) []string {
	words := completeServices(ctx, in, args, typed)
	for i := range words {
		words[i] += "="
	}
	return words
}

// completeRevisions offers the versions of the staging that is named.
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
		words = append(words, withDescription(short(e.Revision), e.At.Format("2 Jan 15:04")+" "+e.By.Name+": "+e.Subject))
	}
	return words
}
