package project

import (
	"slices"
	"strings"
	"testing"
)

const notified = `apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  services: {web: {image: "registry.example.com/web:1", host: "{name}"}}
  notify:
`

func TestSinksFor(t *testing.T) {
	p, err := Parse([]byte(notified + `
  - {to: team-chat}
  - {to: on-call, on: [failed, degraded], stagings: [release-*, main]}
  - {to: team-chat, on: [failed]}
  - {to: pull-request, stagings: [feature-*]}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		staging string
		on      Trigger
		want    []string
	}{
		{"feature-a", OnRunning, []string{"team-chat"}},
		{"feature-a", OnFailed, []string{"team-chat"}}, // matches two rules, notified once
		{"release-7", OnFailed, []string{"team-chat", "on-call"}},
		{"release-7", OnWarning, []string{"team-chat"}},
		{"main", OnDegraded, []string{"team-chat", "on-call"}},
	} {
		if got := p.SinksFor(c.staging, c.on); !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: told %v, want %v", c.staging, c.on, got, c.want)
		}
	}
	if !p.NotifiesForge("feature-a", ToPullRequest) || p.NotifiesForge("main", ToPullRequest) || p.NotifiesForge("feature-a", ToCommit) {
		t.Error("a forge is told of the stagings that a notice covers, in the way it names")
	}
}

func TestInvalidRules(t *testing.T) {
	_, err := Parse([]byte(notified + `
  - {on: [running]}
  - {to: chat, on: [running, exploded]}
  - {to: commit, on: [failed]}
`))
	if err == nil {
		t.Fatal("nothing is said")
	}
	for _, want := range []string{
		"octopod.yaml:10: spec.notify[0].to: is missing",
		`spec.notify[1].on[1]: "exploded" is not an event`,
		"spec.notify[2].on: applies to sinks only: commit shows every state",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s\nsaid: %v", want, err)
		}
	}
}
