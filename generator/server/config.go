package server

import (
	"fmt"
	"os"
	"slices"
	"time"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Config is the configuration file of a server: --server-config.
type Config struct {
	// Address to listen on. Default 127.0.0.1:8080.
	Listen string `yaml:"listen,omitempty"`
	// Address that serves /metrics, and nothing else. Default: the address of listen.
	Metrics string `yaml:"metrics,omitempty"`
	// Address of the server as people reach it: https://octopod.example.com.
	URL string `yaml:"url,omitempty"`
	// File for the audit log of refused requests, one JSON object per line. Default stderr.
	Audit string `yaml:"audit,omitempty"`
	// The env repos; each is one project.
	Projects []ProjectConfig `yaml:"projects"`
	// How often the server reads each env repo. Default 2s, and 1m once a webhook announces
	// the pushes to it.
	Poll project.Duration `yaml:"poll,omitempty"`
	// How long the notifications of a server must stand still before another server of the
	// same env repo delivers in its place. Default 30s.
	Takeover project.Duration `yaml:"takeover,omitempty"`
	// How the server carries out the lifecycle of octopod.yaml.
	Sweep SweepConfig `yaml:"sweep,omitempty"`
	// How people and programs sign in.
	Auth auth.Config `yaml:"auth,omitempty"`
	// The forges and registries of the application. A server with several projects lists
	// shared ones here (shared: true), and all others in projects[].forges.
	Forges []ForgeConfig `yaml:"forges,omitempty"`
	// Chats, mailboxes and webhooks that receive notifications; with several projects as
	// for forges.
	Notify NotifyConfig `yaml:"notify,omitempty"`
}

// ProjectConfig is the address of one env repo and the credentials for it. Flags
// and environment fill in what it leaves out.
type ProjectConfig struct {
	// Name of the project in metrics until its octopod.yaml can be read. Default: the
	// address of the env repo.
	Name         string `yaml:"name,omitempty"`
	EnvRepo      string `yaml:"envRepo"`
	Ref          string `yaml:"ref,omitempty"`
	SSHKey       string `yaml:"sshKey,omitempty"`
	GitUsername  string `yaml:"gitUsername,omitempty"`
	GitTokenFile string `yaml:"gitTokenFile,omitempty"`
	// A GitHub App in place of the token.
	GitHubApp *GitHubAppConfig `yaml:"githubApp,omitempty"`
	ArgoCD    struct {
		Server    string `yaml:"server,omitempty"`
		TokenFile string `yaml:"tokenFile,omitempty"`
	} `yaml:"argocd,omitempty"`
	// Forges and registries, and sinks, of this project only. octopod.yaml of another
	// project cannot use their tokens and secrets.
	Forges []ForgeConfig `yaml:"forges,omitempty"`
	Notify NotifyConfig  `yaml:"notify,omitempty"`
}

// ReadConfig reads the configuration file. Its error lists every problem with file
// and line.
func ReadConfig(file string) (Config, error) {
	var config Config
	data, err := os.ReadFile(file)
	if err != nil {
		return config, staging.Errorf(staging.CodeInvalid, "cannot read the server configuration").Because(err)
	}
	if err := strictyaml.Decode(file, data, &config); err != nil {
		return config, err
	}
	problems, lines := config.faults(), strictyaml.Lines(data)
	for i := range problems {
		problems[i].File, problems[i].Line = file, lines.Line(problems[i].Field)
	}
	return config, staging.Invalid("the server configuration is invalid", problems)
}

// faults lists the problems of the configuration, by field.
func (c Config) faults() []staging.Problem {
	var problems []staging.Problem
	if len(c.Projects) == 0 {
		problems = append(problems, staging.Problem{Field: "projects", Message: "must name at least one env repo"})
	}
	for i, p := range c.Projects {
		own := append([]fault{{"envRepo", missingFault(p.EnvRepo != "")}, {"githubApp", p.appFault()}}, p.GitHubApp.faults()...)
		for _, f := range own {
			if f.message != "" {
				problems = append(problems, staging.Problem{Field: fmt.Sprintf("projects[%d].%s", i, f.field), Message: f.message})
			}
		}
	}
	if c.Takeover != 0 && time.Duration(c.Takeover) < time.Second {
		problems = append(problems, staging.Problem{Field: "takeover", Message: "must be a second or more"})
	}
	if share := c.Sweep.MaxShare; share < 0 || share > 100 {
		problems = append(problems, staging.Problem{Field: "sweep.maxShare", Message: "must be a number from 1 to 100"})
	}
	problems = slices.Concat(problems, forgeFaults("forges", c.Forges), notifyFaults("notify.sinks", c.Notify), c.shareFaults())
	for i, p := range c.Projects {
		at := fmt.Sprintf("projects[%d].", i)
		problems = slices.Concat(problems, forgeFaults(at+"forges", p.Forges), notifyFaults(at+"notify.sinks", p.Notify))
	}
	return problems
}

// fault is a problem of one field of a list item. An empty message is no problem.
type fault struct{ field, message string }

// listFaults lists the problems of the items of a list, whose names must differ.
func listFaults[T any](list, nameField string, all []T, look func(T) (name string, faults []fault)) []staging.Problem {
	var problems []staging.Problem
	seen := map[string]bool{}
	for i, one := range all {
		name, faults := look(one)
		if name != "" && seen[name] {
			faults = append(faults, fault{nameField, name + " is listed twice"})
		}
		seen[name] = true
		for _, f := range faults {
			if f.message != "" {
				problems = append(problems, staging.Problem{Field: fmt.Sprintf("%s[%d].%s", list, i, f.field), Message: f.message})
			}
		}
	}
	return problems
}

func secretFault(s auth.Secret) string {
	if s.Env != "" && s.File != "" {
		return "names both env and file: choose one"
	}
	return ""
}

// SweepConfig configures the sweeps of a server. Several servers may sweep the same
// env repo: each change is bound to the version of the record that the sweep read,
// so only one server commits it.
type SweepConfig struct {
	// Interval, varied by up to a tenth. Default 10m.
	Every project.Duration `yaml:"every,omitempty"`
	// Percentage of stagings that one sweep may archive or delete. Default 25.
	MaxShare int `yaml:"maxShare,omitempty"`
	// Turns sweeps off, for example because a CI job sweeps.
	Off bool `yaml:"off,omitempty"`
}
