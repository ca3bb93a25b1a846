package generator_test

import (
	"fmt"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A limit counts only the actions that the actor may see.
func TestActivityIsLimitedAfterItIsFiltered(t *testing.T) {
	w := restricted(t)
	for i := range 4 {
		w.do(staging.Action{Verb: staging.Deploy, Branch: fmt.Sprint("other-", i)})
	}
	token := w.as(testRights{role: project.RoleAdmin, name: "login"})
	for limit, want := range map[int]int{0: 1, 1: 1, 3: 1} {
		events, err := token.Activity(t.Context(), limit)
		if err != nil || len(events) != want || events[0].Staging != "login" {
			t.Errorf("limit %d: %+v, %v", limit, events, err)
		}
	}
	events, err := w.as(testRights{role: project.RoleAdmin}).Activity(t.Context(), 3)
	if err != nil || len(events) != 3 {
		t.Errorf("everything, limit 3: %d, %v", len(events), err)
	}
}

// Files hide the secrets that Manifests hide, and leave everything else as it is.
func TestFilesMaskSecrets(t *testing.T) {
	w := restricted(t)
	const manifests = `apiVersion: v1
kind: Secret
metadata: {name: db}
data:
  password: aHVudGVyMg== # hunter2
  note: "aHVudGVyMw=="
stringData:
  key: |
    -----BEGIN PRIVATE KEY-----
    hunter4
    -----END PRIVATE KEY-----

  other: >-
    hunter5
    and more
  long: hunter6
    goes on
---
apiVersion: v1
kind: ConfigMap
metadata: {name: app}
data:
  API_TOKEN: hunter7
  LOG_LEVEL: debug
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: backend}
spec:
  template:
    spec:
      containers:
        - name: backend
          env:
            - name: DB_PASSWORD
              value: hunter8
            - {name: SESSION_SECRET, value: 'hunter9'}
            - name: FROM
              valueFrom: {secretKeyRef: {name: db, key: password}}
            - name: LOG_LEVEL
              value: debug
`
	w.push(
		staging.File{Path: "envs/login/manifests.yaml", Data: []byte(manifests)},
		staging.File{Path: "envs/login/broken.yaml", Data: []byte("{{{\n- API_TOKEN=hunter11\n  LOG_LEVEL: debug\n")},
		staging.File{Path: "envs/login/params.json", Data: []byte("{\n  \"API_TOKEN\": \"hunter12\",\n  \"LOG_LEVEL\": \"debug\"\n}\n")},
	)
	files, err := w.as(testRights{role: project.RoleAdmin}).Files(t.Context(), "login", "")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		all[f.Path] = string(f.Data)
		for i := range 15 {
			for _, secret := range []string{fmt.Sprint("hunter", i), "aHVudGVy", "PRIVATE KEY", "and more", "goes on"} {
				if strings.Contains(string(f.Data), secret) {
					t.Errorf("%s shows %s:\n%s", f.Path, secret, f.Data)
				}
			}
		}
	}
	for file, wants := range map[string][]string{
		"envs/login/manifests.yaml": {
			"\n  password: ***\n  note: ***\n", "\n  key: ***\n\n  other: ***\n  long: ***\n---\n", "\n  API_TOKEN: ***\n  LOG_LEVEL: debug\n",
			"            - name: DB_PASSWORD\n              value: ***\n", "secretKeyRef: {name: db, key: password}", "- name: LOG_LEVEL\n              value: debug\n",
		},
		"envs/login/broken.yaml": {"- API_TOKEN=***\n  LOG_LEVEL: debug\n"},
		"envs/login/params.json": {"\"API_TOKEN\": ***\n", "\"LOG_LEVEL\": \"debug\"\n"},
	} {
		for _, want := range wants {
			if !strings.Contains(all[file], want) {
				t.Errorf("%s does not contain %q:\n%s", file, want, all[file])
			}
		}
	}
}
