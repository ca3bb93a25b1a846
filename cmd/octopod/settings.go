package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// settings are the flags of every verb.
//
// The first of these sources that has a setting wins: its flag, OCTOPOD_<FLAG> in
// the environment, the config file, its default. Credentials have no flags,
// because every user of the machine can see a command line.
type settings struct {
	config   string
	server   string
	project  string
	envRepo  string
	ref      string
	output   string
	jsonPath *jsonPathFilter // of -o jsonpath=…, else nil
	actor    string

	envRepoFromFlag bool // not from the environment or the config file
	serverFromFlag  bool
	resolved        bool // resolveSettings has run

	sshKey         string
	knownHosts     []string
	signKey        string
	allowPlainHTTP bool
	gitTimeout     time.Duration
	gitPatience    time.Duration

	argoCD argoCD

	quiet   bool
	verbose bool
	noColor bool

	gitUsername  string // from the config file; the environment overrides it
	gitTokenFile string
}

// outputFormats are the values of --output.
var outputFormats = []string{"table", "wide", "name", "json", "yaml", jsonPathPrefix + "TEMPLATE"}

func (s *settings) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&s.envRepo, "env-repo", "", "`URL` or path of the env repo (default: your work tree, if it has an octopod.yaml)")
	f.StringVar(&s.server, "server", "", "`URL` of an Octopod server to use, with OCTOPOD_TOKEN")
	f.StringVar(&s.project, "project", "", "`name` of the project on the server (default: the only one)")
	f.StringVar(&s.ref, "ref", "", "`branch` of the env repo (default: main; in a clone, the checked-out branch)")
	f.StringVarP(&s.output, "output", "o", "table", "output `format`: "+strings.Join(outputFormats, ", "))
	f.StringVar(&s.actor, "actor", "", "author of the change, as `\"Name <mail>\"` (default: from CI or git's configuration)")
	f.StringVar(&s.sshKey, "ssh-key", "", "private key `file` for ssh remotes (default: the ssh agent)")
	f.StringArrayVar(&s.knownHosts, "known-hosts", nil, "known_hosts `file`, repeatable (default: the user's and the system's)")
	f.StringVar(&s.signKey, "sign-key", "", "SSH or OpenPGP private key `file` that signs commits")
	f.BoolVar(&s.allowPlainHTTP, "allow-plain-http", false, "allow http://, which sends credentials unencrypted")
	f.DurationVar(&s.gitTimeout, "git-timeout", 30*time.Second, "time limit for a git remote that does not answer")
	f.DurationVar(&s.gitPatience, "git-patience", 0, "how long a git remote that fails or is busy is retried (default 5m; 1m in a server)")
	s.argoCD.addFlags(f)
	f.StringVar(&s.config, "config", "", "config `file` (default $XDG_CONFIG_HOME/octopod/config.yaml)")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "print only the result and errors")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "log details to stderr")
	f.BoolVar(&s.noColor, "no-color", false, "disable colours")
}

// machineReadable reports whether the output is JSON or YAML.
func (s *settings) machineReadable() bool { return s.output == "json" || s.output == "yaml" }

// resolveOutput checks --output. A JSONPath template selects parts of the JSON output.
func (s *settings) resolveOutput() (err error) {
	if template, ok := strings.CutPrefix(s.output, jsonPathPrefix); ok {
		if s.jsonPath, err = parseJSONPath(template); err == nil {
			s.output = "json"
		}
		return err
	}
	if !slices.Contains(outputFormats, s.output) {
		return fmt.Errorf("%q is not one of %s", s.output, strings.Join(outputFormats, ", "))
	}
	return nil
}

// resolveSettings sets every flag that is not on the command line, from the
// environment and the config file. It returns all faults at once.
func (c *cli) resolveSettings(cmd *cobra.Command) error {
	if !c.settings.resolved { // completion runs this twice
		c.settings.envRepoFromFlag, c.settings.serverFromFlag = cmd.Flags().Changed("env-repo"), cmd.Flags().Changed("server")
		c.settings.resolved = true
	}
	var problems []staging.Problem
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if text := c.env[envVariable(f.Name)]; text != "" && !f.Changed && f.Name != "help" {
			if err := setFlag(cmd, f, text); err != nil {
				problems = append(problems, staging.Problem{Field: envVariable(f.Name), Message: err.Error()})
			}
		}
	})
	file, err := c.readConfig(cmd)
	if err != nil {
		return err
	}
	problems = append(problems, file.apply(cmd, c)...)
	if err := c.settings.resolveOutput(); err != nil && !onlyCost(cmd, c.settings.output) {
		problems = append(problems, staging.Problem{Field: "--output", Message: err.Error()})
	}
	switch {
	case c.settings.envRepoFromFlag && c.settings.serverFromFlag:
		problems = append(problems, staging.Problem{Field: "--server", Message: "cannot be combined with --env-repo: the server has its own"})
	case c.settings.envRepoFromFlag:
		c.settings.server = "" // the command line wins
	}
	if c.settings.gitTimeout <= 0 {
		problems = append(problems, staging.Problem{Field: "--git-timeout", Message: "must be more than 0"})
	}
	if c.settings.gitPatience < 0 {
		problems = append(problems, staging.Problem{Field: "--git-patience", Message: "must not be less than 0"})
	}
	c.stdout.disableColour(c.settings.noColor)
	c.stderr.disableColour(c.settings.noColor)
	return staging.Invalid("wrong settings", problems)
}

// envVariable returns the environment variable of a flag.
func envVariable(flag string) string {
	return "OCTOPOD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// setFlag sets a flag to a value from the environment or the config file. The text
// of a repeatable flag has one value per line.
func setFlag(cmd *cobra.Command, f *pflag.Flag, text string) error {
	values := []string{text}
	if f.Value.Type() == "stringArray" {
		values = strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	}
	for _, value := range values {
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			_, why, _ := strings.Cut(err.Error(), " flag: ")
			return errors.New(strconv.Quote(value) + " is not valid for --" + f.Name + ": " + why)
		}
	}
	return nil
}

// configFile is the user's config file.
type configFile struct {
	Server         string   `yaml:"server,omitempty"`
	Project        string   `yaml:"project,omitempty"`
	EnvRepo        string   `yaml:"envRepo,omitempty"`
	Ref            string   `yaml:"ref,omitempty"`
	Output         string   `yaml:"output,omitempty"`
	Actor          string   `yaml:"actor,omitempty"`
	SSHKey         string   `yaml:"sshKey,omitempty"`
	KnownHosts     []string `yaml:"knownHosts,omitempty"`
	SignKey        string   `yaml:"signKey,omitempty"`
	AllowPlainHTTP bool     `yaml:"allowPlainHTTP,omitempty"`
	GitTimeout     string   `yaml:"gitTimeout,omitempty"`
	GitPatience    string   `yaml:"gitPatience,omitempty"`
	Quiet          bool     `yaml:"quiet,omitempty"`
	NoColor        bool     `yaml:"noColor,omitempty"`
	GitUsername    string   `yaml:"gitUsername,omitempty"`
	GitTokenFile   string   `yaml:"gitTokenFile,omitempty"`
	ArgoCD         struct {
		Server    string `yaml:"server,omitempty"`
		PlainText bool   `yaml:"plaintext,omitempty"`
		Insecure  bool   `yaml:"insecure,omitempty"`
		GRPCWeb   bool   `yaml:"grpcWeb,omitempty"`
		TokenFile string `yaml:"tokenFile,omitempty"`
	} `yaml:"argocd,omitempty"`

	path string
}

// readConfig reads the config file. Only a file of --config or OCTOPOD_CONFIG must exist.
func (c *cli) readConfig(cmd *cobra.Command) (configFile, error) {
	file := configFile{path: c.settings.config}
	if file.path == "" {
		file.path = c.defaultConfig()
	}
	data, err := os.ReadFile(file.path)
	switch {
	case err != nil && c.settings.config == "":
		return configFile{}, nil
	case errors.Is(err, fs.ErrNotExist):
		return configFile{}, staging.Errorf(staging.CodeInvalid, "there is no config file %s", file.path).
			WithHint("without --config and OCTOPOD_CONFIG, octopod reads $XDG_CONFIG_HOME/octopod/config.yaml if it exists")
	case err != nil:
		return configFile{}, staging.Errorf(staging.CodeInvalid, "cannot read the config file").Because(err)
	}
	err = strictyaml.Decode(file.path, data, &file)
	return file, err
}

func (c *cli) defaultConfig() string {
	dir := c.env["XDG_CONFIG_HOME"]
	if dir == "" {
		dir = filepath.Join(c.env["HOME"], ".config")
	}
	return filepath.Join(dir, "octopod", "config.yaml")
}

// apply sets the flags that still have their defaults to the values of the file.
func (file configFile) apply(cmd *cobra.Command, c *cli) []staging.Problem {
	c.settings.gitUsername, c.settings.gitTokenFile = file.GitUsername, file.GitTokenFile
	yes := map[bool]string{true: "true"}
	var problems []staging.Problem
	for _, entry := range []struct{ field, flag, value string }{
		{"server", "server", file.Server}, {"project", "project", file.Project}, {"envRepo", "env-repo", file.EnvRepo}, {"ref", "ref", file.Ref}, {"output", "output", file.Output},
		{"actor", "actor", file.Actor}, {"sshKey", "ssh-key", file.SSHKey}, {"signKey", "sign-key", file.SignKey},
		{"knownHosts", "known-hosts", strings.Join(file.KnownHosts, "\n")}, {"gitTimeout", "git-timeout", file.GitTimeout}, {"gitPatience", "git-patience", file.GitPatience},
		{"allowPlainHTTP", "allow-plain-http", yes[file.AllowPlainHTTP]}, {"quiet", "quiet", yes[file.Quiet]},
		{"noColor", "no-color", yes[file.NoColor]}, {"argocd.server", "argocd-server", file.ArgoCD.Server},
		{"argocd.plaintext", "argocd-plaintext", yes[file.ArgoCD.PlainText]}, {"argocd.insecure", "argocd-insecure", yes[file.ArgoCD.Insecure]},
		{"argocd.grpcWeb", "argocd-grpc-web", yes[file.ArgoCD.GRPCWeb]}, {"argocd.tokenFile", "argocd-token-file", file.ArgoCD.TokenFile},
	} {
		f := cmd.Flags().Lookup(entry.flag)
		if f == nil || f.Changed || entry.value == "" {
			continue
		}
		if err := setFlag(cmd, f, entry.value); err != nil {
			problems = append(problems, staging.Problem{File: file.path, Field: entry.field, Message: err.Error()})
		}
	}
	return problems
}

// newConfiguration returns `octopod help configuration`.
func newConfiguration() *cobra.Command {
	return &cobra.Command{Use: "configuration", Short: "Flags, environment variables and the config file", Long: `Octopod takes each setting from the first of these sources that has it:

  1. the flag                  --env-repo git@example.com:acme/envs.git
  2. the environment           OCTOPOD_ENV_REPO=git@example.com:acme/envs.git
  3. the config file           envRepo: git@example.com:acme/envs.git
  4. the default

Every flag of every verb has an environment variable: OCTOPOD_ and the name of the flag
in capitals, with _ for -. For a repeatable flag, write one value per line.

The config file is the file of --config, or $XDG_CONFIG_HOME/octopod/config.yaml. Its
fields are server, project, envRepo, ref, output, actor, sshKey, knownHosts, signKey, allowPlainHTTP, gitTimeout,
gitPatience, quiet, noColor, gitUsername, gitTokenFile, and argocd with server, plaintext, insecure,
grpcWeb and tokenFile. An unknown field is an error.

Credentials have no flags, because other users can see a command line:

  OCTOPOD_GIT_USERNAME, OCTOPOD_GIT_TOKEN   basic auth over https
  OCTOPOD_GIT_TOKEN_FILE                    the same, read from a file
  OCTOPOD_TOKEN                             for --server
  OCTOPOD_SSH_KEY_PASSPHRASE                for --ssh-key
  OCTOPOD_SIGN_KEY_PASSPHRASE               for --sign-key
  ARGOCD_AUTH_TOKEN                         token of Octopod's Argo CD account

Octopod also reads ARGOCD_SERVER and ARGOCD_OPTS, like argocd, and NO_COLOR. Without an
Argo CD in flags or variables, it uses the one of argocd login. In CI it reads the author
from variables such as GITHUB_ACTOR and GITLAB_USER_NAME.`}
}

// argoCD are the settings of the connection to Argo CD. Without them, argocd's own
// ARGOCD_SERVER and ARGOCD_OPTS apply. The token has no flag: it is in
// ARGOCD_AUTH_TOKEN or in a file.
type argoCD struct {
	server    string
	plaintext bool
	insecure  bool
	grpcWeb   bool
	tokenFile string
}

func (a *argoCD) addFlags(f *pflag.FlagSet) {
	f.StringVar(&a.server, "argocd-server", "", "`address` of Argo CD, for the status of stagings (default: ARGOCD_SERVER)")
	f.BoolVar(&a.plaintext, "argocd-plaintext", false, "connect to Argo CD without TLS")
	f.BoolVar(&a.insecure, "argocd-insecure", false, "do not verify Argo CD's certificate")
	f.BoolVar(&a.grpcWeb, "argocd-grpc-web", false, "use gRPC-web, if the proxy in front of Argo CD does not support HTTP/2")
	f.StringVar(&a.tokenFile, "argocd-token-file", "", "`file` with the token for Argo CD (default: ARGOCD_AUTH_TOKEN)")
}

// onlyCost reports whether an output format is one that only cost has.
func onlyCost(cmd *cobra.Command, format string) bool { return format == "csv" && cmd.Name() == "cost" }
