package main

import (
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// defaultTokenLifetime is the default of --expires.
const defaultTokenLifetime = 90 * 24 * time.Hour

// tokenFlags are the limits of a token.
type tokenFlags struct {
	role, email, expires      string
	verbs, projects, stagings []string
}

// newToken returns `octopod token`.
func newToken(c *cli) *cobra.Command {
	o := tokenFlags{role: string(project.RoleUser), expires: project.Duration(defaultTokenLifetime).String()}
	cmd := &cobra.Command{
		Use:   "token NAME [--role ROLE] [--expires 90d] [--verb VERB]… [--project PROJECT]… [--staging NAME]…",
		Short: "Generate an API token for a server",
		Long: `Generate an API token, with which a program uses a server. token prints the token once
and stores it nowhere. The server's configuration gets only a hash of the token; remove
the hash there to revoke the token.`,
		Example: `  octopod token nightly --verb deploy --project shop --staging 'nightly-*'
  octopod token wall-screen --role viewer --expires 365d -o yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, "give one NAME: the author of the token's changes")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			secret, token, err := o.generate(args[0], c.now())
			if err != nil {
				return err
			}
			return c.showToken(secret, token)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := cmd.Flags()
	f.StringVar(&o.role, "role", o.role, "`role` of the token: viewer, user or admin")
	f.StringVar(&o.expires, "expires", o.expires, "lifetime, as a `period`: 90d, 12h")
	f.StringVar(&o.email, "email", "", "mail `address` of the author in the token's commits")
	f.StringArrayVar(&o.verbs, "verb", nil, "allowed `verb`, repeatable (default: all verbs of the role)")
	f.StringArrayVar(&o.projects, "project", nil, "allowed `project`, repeatable (default: all)")
	f.StringArrayVar(&o.stagings, "staging", nil, "allowed `name` of a staging, * matches any text, repeatable (default: all)")
	return cmd
}

// generate returns a new secret and its token for the server's configuration.
func (o tokenFlags) generate(name string, now time.Time) (secret string, token auth.Token, err error) {
	var lasts project.Duration
	if err := lasts.UnmarshalText([]byte(o.expires)); err != nil {
		return "", token, staging.Errorf(staging.CodeInvalid, "--expires %s", err)
	}
	secret, hash := auth.NewToken()
	token = auth.Token{
		Name: name, Email: o.email, Hash: hash, Expires: now.Add(time.Duration(lasts)).UTC().Truncate(time.Second),
		Scope: auth.Scope{Role: project.Role(o.role), Projects: o.projects, Names: o.stagings},
	}
	for _, verb := range o.verbs {
		token.Verbs = append(token.Verbs, staging.Verb(verb))
	}
	_, err = auth.New(auth.Config{Tokens: []auth.Token{token}}, auth.Options{}) // the checks of the server
	return secret, token, err
}

// tokenConfig is the part of the server's configuration with tokens.
type tokenConfig struct {
	Auth struct {
		Tokens []auth.Token `yaml:"tokens"`
	} `yaml:"auth"`
}

// showToken prints the token to stdout, so that it can be piped into a secret, and
// the lines for the server's configuration to stderr.
func (c *cli) showToken(secret string, token auth.Token) error {
	var config tokenConfig
	config.Auth.Tokens = []auth.Token{token}
	text, err := strictyaml.Encode(config)
	if err != nil {
		return err
	}
	if c.settings.machineReadable() {
		return c.encode(map[string]any{"token": secret, "config": string(text)})
	}
	c.stdout.printf("%s\n", secret)
	c.note("Octopod shows this token only once. Pass it to the program in OCTOPOD_TOKEN.\nAdd these lines to the server's configuration:\n\n%s", text)
	return nil
}
