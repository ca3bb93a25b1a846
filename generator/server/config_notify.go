package server

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"octopod/generator/auth"
	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// NotifyConfig lists the sinks to which a server can send notifications. Projects
// choose among them: spec.notify in octopod.yaml.
type NotifyConfig struct {
	Sinks []SinkConfig `yaml:"sinks,omitempty"`
}

// SinkConfig is one destination of notifications.
type SinkConfig struct {
	// The name that octopod.yaml uses.
	Name string `yaml:"name"`
	// slack, mattermost, discord, teams, webhook (CloudEvents) or email.
	Kind notify.Kind `yaml:"kind"`
	// URL of the incoming webhook. It is a secret.
	URL auth.Secret `yaml:"url,omitempty"`
	// For webhook: the key that signs requests, as in Standard Webhooks: whsec_ and base64.
	Key auth.Secret `yaml:"key,omitempty"`
	// For email: host:port of the mail server.
	Server string `yaml:"server,omitempty"`
	// For email: starttls (default), tls, or none.
	Encryption notify.Encryption `yaml:"encryption,omitempty"`
	// For email: credentials, if the mail server requires them.
	Username string      `yaml:"username,omitempty"`
	Password auth.Secret `yaml:"password,omitempty"`
	// For email: sender and recipients.
	From string   `yaml:"from,omitempty"`
	To   []string `yaml:"to,omitempty"`
	// With several projects: octopod.yaml of each may name the sink.
	Shared bool `yaml:"shared,omitempty"`
}

// notifyFaults lists the problems of the sinks of a configuration.
func notifyFaults(list string, c NotifyConfig) []staging.Problem {
	return listFaults(list, "name", c.Sinks, func(s SinkConfig) (name string, faults []fault) {
		return s.Name, []fault{
			{"name", s.nameFault()}, {"kind", s.kindFault()}, {"url", s.urlFault()},
			{"key", secretFault(s.Key)}, {"password", secretFault(s.Password)},
		}
	})
}

func (s SinkConfig) nameFault() string {
	switch {
	case strings.TrimSpace(s.Name) == "":
		return "is missing: octopod.yaml names the sink by it"
	case (project.NotificationRule{To: s.Name}).ToForge():
		return s.Name + " is reserved for notices on a forge: choose another name"
	}
	return ""
}

func (s SinkConfig) kindFault() string {
	if slices.Contains(notify.Kinds(), s.Kind) {
		return ""
	}
	return fmt.Sprintf("%q is not a kind: write slack, mattermost, discord, teams, webhook or email", s.Kind)
}

func (s SinkConfig) urlFault() string {
	switch {
	case s.Kind == notify.Email && s.URL.Named():
		return "does not apply to email, which uses server, from and to: remove it"
	case s.Kind != notify.Email && !s.URL.Named():
		return "is missing: write {env: NAME} or {file: PATH}"
	}
	return secretFault(s.URL)
}

// Open returns the sink, with its secrets read.
func (s SinkConfig) Open(url string, getenv func(string) string) (notify.Sink, error) {
	field := "notify.sinks " + s.Name
	o := notify.Options{Kind: s.Kind, Source: cmp.Or(url, "octopod")}
	for _, secret := range []struct {
		to    *string
		name  string
		where auth.Secret
	}{{&o.URL, "url", s.URL}, {&o.Key, "key", s.Key}, {&o.Mail.Password, "password", s.Password}} {
		var err error
		if *secret.to, err = secret.where.Read(field+"."+secret.name, getenv); err != nil {
			return nil, err
		}
	}
	o.Mail.Server, o.Mail.Encryption, o.Mail.Username = s.Server, s.Encryption, s.Username
	o.Mail.From, o.Mail.To = s.From, s.To
	sink, err := notify.Open(o)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%s: %s", field, err)
	}
	return sink, nil
}

// Select returns the sinks with the given names, or all sinks without a name.
func (n NotifyConfig) Select(names []string) ([]SinkConfig, error) {
	if len(names) == 0 {
		if len(n.Sinks) == 0 {
			return nil, staging.Errorf(staging.CodeNotFound, "the configuration names no sink").WithHint("docs/notify.md shows how: notify.sinks")
		}
		return n.Sinks, nil
	}
	var chosen []SinkConfig
	for _, name := range names {
		i := slices.IndexFunc(n.Sinks, func(s SinkConfig) bool { return s.Name == name })
		if i < 0 {
			return nil, staging.Errorf(staging.CodeNotFound, "the configuration names no sink %q", name).WithHint("it has: %s", cmp.Or(strings.Join(n.SinkNames(), ", "), "none"))
		}
		chosen = append(chosen, n.Sinks[i])
	}
	return chosen, nil
}

func (n NotifyConfig) SinkNames() []string {
	names := []string{}
	for _, s := range n.Sinks {
		names = append(names, s.Name)
	}
	return names
}
