package cost_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"octopod/generator/cost"
	"octopod/generator/staging"
)

// objects parses documents of the form KIND NAME, then a spec in YAML.
func objects(t *testing.T, docs ...string) []staging.Object {
	t.Helper()
	var all []staging.Object
	for _, doc := range docs {
		head, spec, _ := strings.Cut(doc, "\n")
		kind, name, _ := strings.Cut(head, " ")
		data, err := yaml.YAMLToJSON([]byte("spec:\n" + spec))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, staging.Object{Kind: kind, Name: name, JSON: data})
	}
	return all
}

const (
	gi   = 1 << 30
	mi   = 1 << 20
	pod  = "  template: {spec: {containers: [{resources: {requests: {cpu: 250m, memory: 512Mi}}}]}}\n"
	bare = "  template: {spec: {containers: [{}]}}\n"
)

func TestNeedOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		docs []string
		want cost.Need
	}{
		{"one replica is the default", []string{"Deployment a\n" + pod}, cost.Need{CPU: 250, Memory: 512 * mi}},
		{"replicas count", []string{"Deployment a\n  replicas: 3\n" + pod}, cost.Need{CPU: 750, Memory: 1536 * mi}},
		{"none at 0", []string{"Deployment a\n  replicas: 0\n" + pod}, cost.Need{}},
		{"the other workloads", []string{"DaemonSet a\n" + pod, "ReplicaSet b\n  replicas: 2\n" + pod, "Rollout c\n  replicas: 2\n" + pod,
			"Pod d\n  containers: [{resources: {requests: {cpu: 250m}, limits: {memory: 512Mi}}}]"}, cost.Need{CPU: 1500, Memory: 3072 * mi}},
		{"jobs end", []string{"Job a\n" + pod, "CronJob b\n  jobTemplate: {spec: {template: {spec: {containers: [{resources: {requests: {cpu: 9}}}]}}}}"}, cost.Need{}},
		{"limits stand in for requests", []string{"Deployment a\n  template: {spec: {containers: [{resources: {limits: {cpu: 2, memory: 1Gi}}}]}}"},
			cost.Need{CPU: 2000, Memory: gi}},
		{"the largest init container, or all others; a sidecar runs beside them", []string{"Deployment a\n" + `  template:
    spec:
      overhead: {cpu: 10m}
      initContainers:
        - resources: {requests: {cpu: 300m, memory: 2Gi}}
        - restartPolicy: Always
          resources: {requests: {cpu: 100m, memory: 64Mi}}
      containers:
        - resources: {requests: {cpu: 250m, memory: 512Mi}}
        - resources: {requests: {cpu: 50m, memory: 64Mi}}`}, cost.Need{CPU: 410, Memory: 2 * gi}},
		{"claims, of a StatefulSet for each replica", []string{"PersistentVolumeClaim a\n  resources: {requests: {storage: 5Gi}}",
			"StatefulSet b\n  replicas: 2\n  volumeClaimTemplates: [{spec: {resources: {requests: {storage: 1Gi}}}}]\n" + pod},
			cost.Need{CPU: 500, Memory: gi, Storage: 7 * gi}},
		{"volumes of a StatefulSet at 0 stay", []string{"StatefulSet b\n  replicas: 0\n  volumeClaimTemplates: [{spec: {resources: {requests: {storage: 1Gi}}}}]\n" + pod},
			cost.Need{Storage: gi}},
		{"unless it deletes them", []string{"StatefulSet b\n  replicas: 0\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n  volumeClaimTemplates: [{spec: {resources: {requests: {storage: 1Gi}}}}]\n" + pod},
			cost.Need{}},
		{"ephemeral volumes", []string{"Deployment a\n  replicas: 2\n  template: {spec: {volumes: [{ephemeral: {volumeClaimTemplate: {spec: {resources: {requests: {storage: 1Gi}}}}}}], containers: [{resources: {requests: {cpu: 1, memory: 1Gi}}}]}}"},
			cost.Need{CPU: 2000, Memory: 2 * gi, Storage: 2 * gi}},
		{"load balancers", []string{"Service a\n  type: LoadBalancer", "Service b\n  type: ClusterIP", "Service c\n  {}"}, cost.Need{LoadBalancers: 1}},
		{"an autoscaler decides", []string{"Deployment a\n" + pod, "HorizontalPodAutoscaler h\n  minReplicas: 4\n  scaleTargetRef: {kind: Deployment, name: a}"},
			cost.Need{CPU: 1000, Memory: 2 * gi}},
		{"but not over 0 replicas", []string{"Deployment a\n  replicas: 0\n" + pod, "HorizontalPodAutoscaler h\n  minReplicas: 4\n  scaleTargetRef: {kind: Deployment, name: a}"},
			cost.Need{}},
		{"KEDA scales to zero", []string{"Deployment a\n" + pod, "ScaledObject h\n  scaleTargetRef: {name: a}"}, cost.Need{}},
		{"a LimitRange fills in", []string{"Deployment a\n" + bare, "LimitRange l\n  limits: [{type: Container, defaultRequest: {cpu: 100m}, default: {memory: 128Mi}}]"},
			cost.Need{CPU: 100, Memory: 128 * mi}},
		{"a quota is the ceiling", []string{"Deployment a\n" + bare, "ResourceQuota q\n  hard: {requests.cpu: 2, limits.memory: 4Gi}"},
			cost.Need{CPU: 2000, Memory: 4 * gi, UpTo: true}},
		{"not where all request something", []string{"Deployment a\n" + pod, "ResourceQuota q\n  hard: {requests.cpu: 2, limits.memory: 4Gi}"},
			cost.Need{CPU: 250, Memory: 512 * mi}},
		{"without any of it, a lower bound", []string{"Deployment a\n" + bare}, cost.Need{AtLeast: true}},
		{"other kinds", []string{"ConfigMap a\n  {}", "Certificate b\n  replicas: many"}, cost.Need{}},
	} {
		got, err := cost.NeedOf(objects(t, tt.docs...))
		if err != nil || got != tt.want {
			t.Errorf("%s: %+v, want %+v (%v)", tt.name, got, tt.want, err)
		}
	}
	if _, err := cost.NeedOf(objects(t, "Rollout a\n  replicas: many\n")); err == nil {
		t.Error("replicas that are no number are no error")
	}
}

func TestNeedsReadBack(t *testing.T) {
	for _, n := range []cost.Need{
		{}, {CPU: 120, Memory: 320 * mi, Storage: gi}, {CPU: 1500, Memory: 1000, Storage: 12345, LoadBalancers: 2, UpTo: true, AtLeast: true},
	} {
		if got, err := cost.ParseNeed(n.String()); err != nil || got != n {
			t.Errorf("%s reads as %+v (%v)", n, got, err)
		}
	}
	if got, err := cost.ParseNeed("cpu=1 gpu=2 later"); err != nil || got != (cost.Need{CPU: 1000}) {
		t.Errorf("%+v (%v)", got, err)
	}
	for _, bad := range []string{"cpu=much", "memory=-1Gi", "storage="} {
		if _, err := cost.ParseNeed(bad); err == nil {
			t.Errorf("%q is a need", bad)
		}
	}
}
