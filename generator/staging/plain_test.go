package staging_test

import (
	"testing"

	"octopod/generator/staging"
)

// A reason is for everybody when it speaks of nothing that only a developer knows.
func TestReasonsForEverybody(t *testing.T) {
	for reason, want := range map[string]string{
		"Everything runs":                          "Everything runs",
		"Starting backend, for 2 minutes now":      "Starting backend, for 2 minutes now",
		"Deployment/backend does not work":         "backend does not work",
		"Argo CD cannot render what is committed":  "",
		"The wanted image of backend does not run": "",
		"2 pods still stopping":                    "",
		"Waiting for Argo CD to see the commit":    "",
		"StatefulSet/db and Pod/web-1 do not work": "db and web-1 do not work",
		"The Application is being removed":         "",
		"":                                         "",
	} {
		if got := (staging.Status{Reason: reason}).Plain(); got != want {
			t.Errorf("%q is told as %q, want %q", reason, got, want)
		}
	}
}
