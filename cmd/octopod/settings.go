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

// settings are the flags that every verb has.
//
// A setting comes from, in this order: its flag, OCTOPOD_<FLAG> in the
// environment, the config file, its default. Credentials have no flags: a
// command line is visible to everybody on the machine.
type settings struct {
	config   string
	server   string
	project  string
	envRepo  string
	ref      string
	output   string
	jsonPath *jsonPathFilter // what -o jsonpath=… picks of the JSON; nil for all of it
	actor    string

	envRepoFromFlag bool // on the command line
	serverFromFlag  bool
	resolved        bool // the environment and the config file were read

	sshKey         string
	knownHosts     []string
	signKey        string
	allowPlainHTTP bool
	gitTimeout     time.Duration

	argoCD argoCD

	quiet   bool
	verbose bool
	noColor bool

	gitUsername  string // from the config file; the environment wins
	gitTokenFile string
}

// outputFormats are the forms of a result.
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
	f.BoolVar(&s.allowPlainHTTP, "allow-plain-http", false, "allow http://, which sends credentials in the clear")
	f.DurationVar(&s.gitTimeout, "git-timeout", 30*time.Second, "time limit for a git remote that does not answer")
	s.argoCD.addFlags(f)
	f.StringVar(&s.config, "config", "", "config `file` (default $XDG_CONFIG_HOME/octopod/config.yaml)")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "print only the result and errors")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "log details to stderr")
	f.BoolVar(&s.noColor, "no-color", false, "disable colours")
}

// machineReadable tells whether a program reads the result.
func (s *settings) machineReadable() bool { return s.output == "json" || s.output == "yaml" }

// resolveOutput settles in which form a result is printed. What a path picks is picked of
// the JSON.
func (s *settings) resolveOutput() (err error) {
	if template, ok := strings.CutPrefix(s.output, jsonPathPrefix); ok {
		if s.jsonPath, err = parseJSONPath(template); err == nil {
			s.output = "json"
		}
		return err
	}
	if !slices.Contains(outputFormats, s.output) {
		return fmt.Errorf("%q is none of %s", s.output, strings.Join(outputFormats, ", "))
	}
	return nil
}

// resolveSettings fills in every flag that was not given, from the environment and from
// the config file, and refuses what cannot be. All faults are named at once.
func (c *cli) resolveSettings(cmd *cobra.Command) error {
	if !c.settings.resolved { // completion settles twice
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
	if err := c.settings.resolveOutput(); err != nil {
		problems = append(problems, staging.Problem{Field: "--output", Message: err.Error()})
	}
	switch {
	case c.settings.envRepoFromFlag && c.settings.serverFromFlag:
		problems = append(problems, staging.Problem{Field: "--server", Message: "does not go with --env-repo: the server has its own"})
	case c.settings.envRepoFromFlag:
		c.settings.server = "" // what was typed wins
	}
	if c.settings.gitTimeout <= 0 {
		problems = append(problems, staging.Problem{Field: "--git-timeout", Message: "must be longer than nothing"})
	}
	c.stdout.disableColour(c.settings.noColor)
	c.stderr.disableColour(c.settings.noColor)
	return staging.Invalid("wrong settings", problems)
}

// envVariable is the environment's name of a flag.
func envVariable(flag string) string {
	return "OCTOPOD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// setFlag gives a flag a value from elsewhere; a repeatable one takes one a line.
func setFlag(cmd *cobra.Command, f *pflag.Flag, text string) error {
	values := []string{text}
	if f.Value.Type() == "stringArray" {
		values = strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	}
	for _, value := range values {
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			_, why, _ := strings.Cut(err.Error(), " flag: ")
			return errors.New(strconv.Quote(value) + " does not fit --" + f.Name + ": " + why)
		}
	}
	return nil
}

// configFile is the person's config file.
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

// readConfig reads the config file, which must be there only if it was named.
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
			WithHint("--config and OCTOPOD_CONFIG name it; without them $XDG_CONFIG_HOME/octopod/config.yaml is read if it is there")
	case err != nil:
		return configFile{}, staging.Errorf(staging.CodeInvalid, "the config file cannot be read").Because(err)
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

// apply gives the flags that are still at their defaults the file's values.
func (file configFile) apply(cmd *cobra.Command, c *cli) []staging.Problem {
	c.settings.gitUsername, c.settings.gitTokenFile = file.GitUsername, file.GitTokenFile
	yes := map[bool]string{true: "true"}
	var problems []staging.Problem
	for _, entry := range []struct{ field, flag, value string }{
		{"server", "server", file.Server}, {"project", "project", file.Project}, {"envRepo", "env-repo", file.EnvRepo}, {"ref", "ref", file.Ref}, {"output", "output", file.Output},
		{"actor", "actor", file.Actor}, {"sshKey", "ssh-key", file.SSHKey}, {"signKey", "sign-key", file.SignKey},
		{"knownHosts", "known-hosts", strings.Join(file.KnownHosts, "\n")}, {"gitTimeout", "git-timeout", file.GitTimeout},
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

// newConfiguration is `octopod help configuration`.
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
quiet, noColor, gitUsername, gitTokenFile, and argocd with server, plaintext, insecure,
grpcWeb and tokenFile. An unknown field is an error.

Credentials have no flags, because other users can see a command line:

  OCTOPOD_GIT_USERNAME, OCTOPOD_GIT_TOKEN   basic auth over https
  OCTOPOD_GIT_TOKEN_FILE                    the same, read from a file
  OCTOPOD_TOKEN                             for --server
  OCTOPOD_SSH_KEY_PASSPHRASE                for --ssh-key
  OCTOPOD_SIGN_KEY_PASSPHRASE               for --sign-key
  ARGOCD_AUTH_TOKEN                         token of Octopod's Argo CD account

Octopod also reads ARGOCD_SERVER and ARGOCD_OPTS, like argocd, and NO_COLOR. In CI it
reads the author from variables such as GITHUB_ACTOR and GITLAB_USER_NAME.`}
}

// argoCD are the settings that say how Argo CD is reached. Where they are
// silent, argocd's own ARGOCD_SERVER and ARGOCD_OPTS count. The token is no
// flag: ARGOCD_AUTH_TOKEN, or a file.
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
