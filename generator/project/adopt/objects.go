package adopt

import (
	"encoding/json"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// workload is an object that creates pods.
type workload struct {
	kind, name string
	podPath    string // JSON pointer of its pod spec
	labels     map[string]string
	containers []container
	isEarly    bool // a hook that runs before Argo CD creates any other object
}

type container struct {
	list  string // field of the pod spec: containers or initContainers
	Name  string `json:"name"`
	Image string `json:"image"`
	Env   []struct {
		Name      string          `json:"name"`
		Value     string          `json:"value"`
		ValueFrom json.RawMessage `json:"valueFrom"`
	} `json:"env"`
	EnvFrom []struct {
		ConfigMapRef *struct {
			Name string `json:"name"`
		} `json:"configMapRef"`
		SecretRef *struct {
			Name     string `json:"name"`
			Optional bool   `json:"optional"`
		} `json:"secretRef"`
	} `json:"envFrom"`
}

// podPath returns the JSON pointer of the pod spec of a kind; "" if it has none.
func podPath(kind string) string {
	switch kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job",
		"Rollout", "CloneSet", "DeploymentConfig": // of Argo Rollouts, OpenKruise and OpenShift
		return "/spec/template/spec"
	case "Pod":
		return "/spec"
	case "CronJob":
		return "/spec/jobTemplate/spec/template/spec"
	}
	return ""
}

// fieldPath writes a JSON pointer without positions as a path of staging.ParseFieldPath.
func fieldPath(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// counted reports whether a kind has a number of replicas.
func counted(kind string) bool {
	return slices.Contains([]string{"Deployment", "StatefulSet", "ReplicationController"}, kind)
}

// workloadsOf returns the workloads among the objects, in their order.
func workloadsOf(objects []staging.Object) []workload {
	var all []workload
	for _, o := range objects {
		path := podPath(o.Kind)
		if path == "" {
			continue
		}
		w := workload{kind: o.Kind, name: o.Name, podPath: path}
		var pod struct {
			Containers     []container `json:"containers"`
			InitContainers []container `json:"initContainers"`
		}
		decodeAt(o.JSON, path, &pod)
		decodeAt(o.JSON, strings.TrimSuffix(path, "/spec")+"/metadata/labels", &w.labels)
		w.containers = slices.Concat(inList("containers", pod.Containers), inList("initContainers", pod.InitContainers))
		var annotations map[string]string
		decodeAt(o.JSON, "/metadata/annotations", &annotations)
		w.isEarly = strings.Contains(annotations["argocd.argoproj.io/hook"], "PreSync") || strings.Contains(annotations["helm.sh/hook"], "pre-")
		all = append(all, w)
	}
	return all
}

func inList(list string, containers []container) []container {
	for i := range containers {
		containers[i].list = list
	}
	return containers
}

// decodeAt decodes the value at a plain JSON pointer, if there is one.
func decodeAt(data []byte, pointer string, into any) {
	for key := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		var object map[string]json.RawMessage
		if json.Unmarshal(data, &object) != nil {
			return
		}
		data = object[key]
	}
	if len(data) > 0 {
		_ = json.Unmarshal(data, into) // the checks reject such an object, with a better message
	}
}

// behind returns the workload that a Kubernetes Service selects.
func behind(objects []staging.Object, service string, workloads []workload) (workload, bool) {
	for _, o := range objects {
		if o.Kind != "Service" || o.Name != service {
			continue
		}
		var selector map[string]string
		decodeAt(o.JSON, "/spec/selector", &selector)
		for _, w := range workloads {
			if len(selector) > 0 && selects(selector, w.labels) {
				return w, true
			}
		}
	}
	return workload{}, false
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}
