//go:build cluster

package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// A restart replaces every pod and nothing else.
func TestE2ERestart(t *testing.T) {
	t.Parallel()
	s := newShop(t, "restart")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	data, uid := s.writeData("login")
	before := s.podUIDs("login")
	s.octopod("restart", "login", "--wait", "--timeout", patience.String())
	testenv.Eventually(t, "every pod is another one", func() (string, bool) {
		after := s.podUIDs("login")
		old := slices.ContainsFunc(after, func(uid string) bool { return slices.Contains(before, uid) })
		return fmt.Sprint(before, " then ", after), len(after) == len(before) && !old
	})
	s.runs("login", "v1")
	s.hasData("login", data, uid)
}

func (s *shop) podUIDs(name string) (uids []string) {
	s.t.Helper()
	for _, pod := range s.pods(name) {
		uids = append(uids, string(pod.UID))
	}
	return uids
}

// Argo CD tries a commit a few times and then never again, even after the cause
// is gone. A restart makes Argo CD retry.
func TestE2EARestartIsAnotherTry(t *testing.T) {
	t.Parallel()
	s := newShop(t, "again")
	s.deploy("login", "v1")
	s.runs("login", "v1")

	forbidden := fmt.Sprintf(forbid, s.namespace("login"))
	policy, binding, _ := strings.Cut(forbidden, "---\n")
	const policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/again"
	const bindings = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/again"
	s.apply(policies, []byte(policy))
	s.apply(bindings, []byte(binding))
	t.Cleanup(func() {
		_, _ = s.api(http.MethodDelete, bindings, nil)
		_, _ = s.api(http.MethodDelete, policies, nil)
	})
	backend := appsAPI + s.namespace("login") + "/deployments/backend"
	testenv.Eventually(t, "the policy counts", func() (string, bool) {
		_, err := s.api(http.MethodPatch, backend+"?fieldManager=e2e&dryRun=All", []byte(touched))
		return fmt.Sprint(err), err != nil && strings.Contains(err.Error(), "not this week")
	})
	s.deploy("login", "v2")
	status := s.reaches("login", staging.PhaseFailed, staging.PhaseRunning)
	if !strings.Contains(status.Detail, "not this week") {
		t.Error(say(status))
	}

	s.delete(bindings)
	s.delete(policies)
	s.octopod("restart", "login", "--wait", "--timeout", patience.String())
	s.runs("login", "v2")
}

// touched makes a small change to a Deployment.
const touched = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: backend
  annotations: {touched: "yes"}
`

// forbid is a policy with which an administrator blocks every deploy.
const forbid = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: again
spec:
  matchConstraints:
    namespaceSelector:
      matchLabels: {kubernetes.io/metadata.name: %[1]s}
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [deployments]}
  validations:
  - {expression: "request.userInfo.username == ''", message: not this week}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: again
spec:
  policyName: again
  validationActions: [Deny]
`
