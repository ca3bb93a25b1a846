package check_test

import (
	"testing"

	"octopod/generator/check"
)

func TestEarlyJob(t *testing.T) {
	job := func(annotations string) string {
		return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate-0123456789, namespace: n, annotations: {" + annotations + "}}\n"
	}
	web := "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: n}\n"
	for text, want := range map[string]string{
		web:           "",
		job("") + web: "",
		job(`argocd.argoproj.io/sync-wave: "-1"`) + web: "Job/migrate",
		job(`argocd.argoproj.io/sync-wave: "-1"`):       "",
		job(`argocd.argoproj.io/hook: PreSync`) + web:   "",
		job(`argocd.argoproj.io/sync-wave: "1"`) + web:  "",
	} {
		if got := check.EarlyJob(parse(t, text)); got != want {
			t.Errorf("want %q, got %q for\n%s", want, got, text)
		}
	}
}
