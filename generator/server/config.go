package server

import (
	"fmt"
	"os"
	"slices"

	"octopod/generator/auth"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Config is the file of a server, --server-config.
type Config struct {
	// Address to listen on. Default 127.0.0.1:8080.
	Listen string `yaml:"listen,omitempty"`
	// Address that /metrics is served at, and then only there. Default: with all else.
	Metrics string `yaml:"metrics,omitempty"`
	// Address of the server as people reach it: https://octopod.example.com.
	URL string `yaml:"url,omitempty"`
	// File that refused attempts are written to, one JSON object a line. Default stderr.
	Audit string `yaml:"audit,omitempty"`
	// The env repos, each of which is one project.
	Projects []ProjectConfig `yaml:"projects"`
	// What is done by itself where octopod.yaml has a lifecycle.
	Sweep SweepConfig `yaml:"sweep,omitempty"`
	// Who is asking.
	Auth auth.Config `yaml:"auth,omitempty"`
	// The hosts of the application's repositories and images.
	Forges []ForgeConfig `yaml:"forges,omitempty"`
	// Chats, mail and webhooks that are told what happens.
	Notify NotifyConfig `yaml:"notify,omitempty"`
}

// ProjectConfig says where one env repo is and how it is reached. What is left
// out is as the flags say.
type ProjectConfig struct {
	EnvRepo      string `yaml:"envRepo"`
	Ref          string `yaml:"ref,omitempty"`
	SSHKey       string `yaml:"sshKey,omitempty"`
	GitUsername  string `yaml:"gitUsername,omitempty"`
	GitTokenFile string `yaml:"gitTokenFile,omitempty"`
	ArgoCD       struct {
		Server    string `yaml:"server,omitempty"`
		TokenFile string `yaml:"tokenFile,omitempty"`
	} `yaml:"argocd,omitempty"`
}

// ReadConfig reads the file, with every fault by its line.
func ReadConfig(file string) (Config, error) {
	var config Config
	data, err := os.ReadFile(file)
	if err != nil {
		return config, staging.Errorf(staging.CodeInvalid, "the server's configuration cannot be read").Because(err)
	}
	if err := strictyaml.Decode(file, data, &config); err != nil {
		return config, err
	}
	problems, lines := config.faults(), strictyaml.Lines(data)
	for i := range problems {
		problems[i].File, problems[i].Line = file, lines.Line(problems[i].Field)
	}
	return config, staging.Invalid("the server's configuration is wrong", problems)
}

// faults lists what is wrong, by field.
func (c Config) faults() []staging.Problem {
	var problems []staging.Problem
	if len(c.Projects) == 0 {
		problems = append(problems, staging.Problem{Field: "projects", Message: "names no env repo"})
	}
	for i, p := range c.Projects {
		if p.EnvRepo == "" {
			problems = append(problems, staging.Problem{Field: fmt.Sprintf("projects[%d].envRepo", i), Message: "is missing"})
		}
	}
	if share := c.Sweep.MaxShare; share < 0 || share > 100 {
		problems = append(problems, staging.Problem{Field: "sweep.maxShare", Message: "is a number from 1 to 100"})
	}
	return slices.Concat(problems, forgeFaults(c.Forges), notifyFaults(c.Notify))
}

// fault is what is wrong with a field of something in a list; "" is nothing.
type fault struct{ field, message string }

// listFaults lists what is wrong with a list, each of which is called otherwise.
func listFaults[T any](list, nameField string, all []T, look func(T) (name string, faults []fault)) []staging.Problem {
	var problems []staging.Problem
	seen := map[string]bool{}
	for i, one := range all {
		name, faults := look(one)
		if name != "" && seen[name] {
			faults = append(faults, fault{nameField, name + " is there already"})
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
		return "names both env and file: say one"
	}
	return ""
}
