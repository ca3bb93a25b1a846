package main

import (
	"fmt"
	"os"
	"slices"

	"octopod/generator/auth"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// serverConfig is the file of a server, --server-config.
type serverConfig struct {
	// Address to listen on. Default 127.0.0.1:8080.
	Listen string `yaml:"listen,omitempty"`
	// Address that /metrics is served at, and then only there. Default: with all else.
	Metrics string `yaml:"metrics,omitempty"`
	// Address of the server as people reach it: https://octopod.example.com.
	URL string `yaml:"url,omitempty"`
	// File that refused attempts are written to, one JSON object a line. Default stderr.
	Audit string `yaml:"audit,omitempty"`
	// The env repos, each of which is one project.
	Projects []servedProject `yaml:"projects"`
	// What is done by itself where octopod.yaml has a lifecycle.
	Sweep sweepConfig `yaml:"sweep,omitempty"`
	// Who is asking.
	Auth auth.Config `yaml:"auth,omitempty"`
	// The hosts of the application's repositories and images.
	Forges []forge `yaml:"forges,omitempty"`
	// Chats, mail and webhooks that are told what happens.
	Notify notifyConfig `yaml:"notify,omitempty"`
}

// servedProject says where one env repo is and how it is reached. What is left
// out is as the flags say.
type servedProject struct {
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

// readServerConfig reads the file, with every fault by its line.
func readServerConfig(file string) (serverConfig, error) {
	var config serverConfig
	data, err := os.ReadFile(file)
	if err != nil {
		return config, staging.Errorf(staging.CodeInvalid, "the server's configuration cannot be read").Because(err)
	}
	if err := strictyaml.Decode(file, data, &config); err != nil {
		return config, err
	}
	var problems []staging.Problem
	lines := strictyaml.Lines(data)
	if len(config.Projects) == 0 {
		problems = append(problems, staging.Problem{File: file, Field: "projects", Message: "names no env repo"})
	}
	for i, p := range config.Projects {
		if field := fmt.Sprintf("projects[%d].envRepo", i); p.EnvRepo == "" {
			problems = append(problems, staging.Problem{File: file, Line: lines.Line(field), Field: field, Message: "is missing"})
		}
	}
	for _, fault := range slices.Concat(forgeFaults(config.Forges), notifyFaults(config.Notify)) {
		fault.File, fault.Line = file, lines.Line(fault.Field)
		problems = append(problems, fault)
	}
	if share := config.Sweep.MaxShare; share < 0 || share > 100 {
		problems = append(problems, staging.Problem{File: file, Line: lines.Line("sweep.maxShare"), Field: "sweep.maxShare", Message: "is a number from 1 to 100"})
	}
	return config, staging.Invalid("the server's configuration is wrong", problems)
}

// apply gives the settings of one project: those of the flags, and its own.
func (p servedProject) apply(s settings) settings {
	s.envRepo = p.EnvRepo
	for _, own := range []struct {
		to    *string
		value string
	}{
		{&s.ref, p.Ref}, {&s.sshKey, p.SSHKey}, {&s.gitUsername, p.GitUsername}, {&s.gitTokenFile, p.GitTokenFile},
		{&s.argoCD.server, p.ArgoCD.Server}, {&s.argoCD.tokenFile, p.ArgoCD.TokenFile},
	} {
		if own.value != "" {
			*own.to = own.value
		}
	}
	return s
}
