package check_test

import (
	"strings"
	"testing"

	"octopod/generator/check"
	"octopod/generator/project"
)

// Kubernetes 1.31 refuses each of these changes, and no other one here.
func TestUpdate(t *testing.T) {
	object := func(apiVersion, kind, rest string) string {
		return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: a, namespace: n}\n" + rest + "\n"
	}
	hook := "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a, namespace: n, annotations: {argocd.argoproj.io/%s}}\nspec: {template: {a: B}}\n"
	for _, tt := range []struct{ apiVersion, kind, before, after, want string }{
		{"batch/v1", "Job", "spec: {template: {a: b}}", "spec: {template: {a: c}}", "Job/a: spec.template: cannot change"},
		{"batch/v1", "Job", "spec: {template: {a: b}}", "spec: {template: {a: b}, suspend: true, parallelism: 2}", ""},
		{"batch/v1", "CronJob", "spec: {jobTemplate: {a: b}}", "spec: {jobTemplate: {a: c}}", ""},
		{"apps/v1", "Deployment", "spec: {selector: {matchLabels: {a: b}}}", "spec: {selector: {matchLabels: {a: c}}}", "spec.selector: cannot"},
		{"apps/v1", "Deployment", "spec: {template: {a: b}}", "spec: {template: {a: c}}", ""},
		{"apps/v1", "StatefulSet", "spec: {replicas: 1, template: {a: b}}", "spec: {replicas: 2, template: {a: c}}", ""},
		{"apps/v1", "StatefulSet", "spec: {volumeClaimTemplates: [{a: b}]}", "spec: {volumeClaimTemplates: [{a: c}]}", "spec.volumeClaimTemplates: cannot"},
		{"v1", "Service", "spec: {ports: [{port: 80}]}", "spec: {clusterIP: None, ports: [{port: 80}]}", "spec.clusterIP: cannot"},
		{"v1", "Service", "spec: {ports: [{port: 80}]}", "spec: {ports: [{port: 81}]}", ""},
		{"v1", "PersistentVolumeClaim", "spec: {storageClassName: a}", "spec: {storageClassName: b}", "spec.storageClassName: cannot"},
		{"v1", "PersistentVolumeClaim", "spec: {resources: {requests: {storage: 1Gi}}}", "spec: {resources: {requests: {storage: 2Gi}}}", ""},
		{"v1", "PersistentVolumeClaim", "spec: {resources: {requests: {storage: 2Gi}}}", "spec: {resources: {requests: {storage: 1Gi}}}", "only lets a volume grow"},
		{"v1", "ConfigMap", "data: {a: b}", "data: {a: c}", ""},
		{"v1", "ConfigMap", "immutable: true\ndata: {a: b}", "immutable: true\ndata: {a: c}", "immutable: is set, but the content changes"},
		{"v1", "Secret", "type: Opaque", "type: kubernetes.io/tls", "type: cannot"},
		{"v1", "Pod", "spec: {containers: [{name: a, image: b}]}", "spec: {containers: [{name: a, image: c}]}", ""},
		{"v1", "Pod", "spec: {containers: [{name: a, command: [b]}]}", "spec: {containers: [{name: a, command: [c]}]}", "spec: cannot"},
		{"rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef: {name: a}", "roleRef: {name: b}", "roleRef: cannot"},
		{"acme.example.com/v1", "Job", "spec: {template: {a: b}}", "spec: {template: {a: c}}", ""},
	} {
		before, after := parse(t, object(tt.apiVersion, tt.kind, tt.before)), parse(t, object(tt.apiVersion, tt.kind, tt.after))
		got := lines(check.Update(before, after, check.Subject{}))
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || tt.want != "" && !strings.Contains(got, "[immutable]") {
			t.Errorf("%s: %s, then %s: want %q, got %q", tt.kind, tt.before, tt.after, tt.want, got)
		}
		if got := check.Update(before, after, check.Subject{Allow: []project.Allow{{Rule: "immutable", Kind: tt.kind}}}); len(got) > 0 {
			t.Errorf("the exception has no effect: %v", got)
		}
		if got := check.Update(before, nil, check.Subject{}); len(got) > 0 {
			t.Errorf("a removed object is no change: %v", got)
		}
	}
	for _, annotation := range []string{"hook: Sync", `sync-options: "Force=true,Replace=true"`} {
		text := strings.Replace(hook, "%s", annotation, 1)
		if got := check.Update(parse(t, strings.Replace(text, "a: B", "a: b", 1)), parse(t, text), check.Subject{}); len(got) > 0 {
			t.Errorf("%s: Argo CD replaces the Job: %v", annotation, got)
		}
	}
}
