package adopt

import (
	"encoding/json"
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
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job":
		return "/spec/template/spec"
	case "CronJob":
		return "/spec/jobTemplate/spec/template/spec"
	}
	return ""
}

// counted reports whether a kind has a number of replicas.
func counted(kind string) bool { return kind == "Deployment" || kind == "StatefulSet" }

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
			Containers []container `json:"containers"`
		}
		decodeAt(o.JSON, path, &pod)
		decodeAt(o.JSON, strings.TrimSuffix(path, "/spec")+"/metadata/labels", &w.labels)
		w.containers = pod.Containers
		var annotations map[string]string
		decodeAt(o.JSON, "/metadata/annotations", &annotations)
		w.isEarly = strings.Contains(annotations["argocd.argoproj.io/hook"], "PreSync") || strings.Contains(annotations["helm.sh/hook"], "pre-")
		all = append(all, w)
	}
	return all
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

// route is one rule of an Ingress.
type route struct {
	ingress string
	rule    int
	host    string
	service string // Kubernetes Service of the path /, or else of the first path; "" if there is none
}

// tlsHost is one host of a TLS entry of an Ingress.
type tlsHost struct {
	ingress   string
	tls, host int
	name      string
	to        string // service of the project whose host replaces it
}

func routesOf(objects []staging.Object) (routes []route, tls []tlsHost) {
	for _, o := range objects {
		if o.Kind != "Ingress" {
			continue
		}
		var spec struct {
			Rules []struct {
				Host string `json:"host"`
				HTTP struct {
					Paths []struct {
						Path    string `json:"path"`
						Backend struct {
							Service struct {
								Name string `json:"name"`
							} `json:"service"`
						} `json:"backend"`
					} `json:"paths"`
				} `json:"http"`
			} `json:"rules"`
			TLS []struct {
				Hosts []string `json:"hosts"`
			} `json:"tls"`
		}
		decodeAt(o.JSON, "/spec", &spec)
		for i, rule := range spec.Rules {
			r := route{ingress: o.Name, rule: i, host: rule.Host}
			for j, path := range rule.HTTP.Paths {
				if j == 0 || path.Path == "/" {
					r.service = path.Backend.Service.Name
				}
			}
			routes = append(routes, r)
		}
		for i, entry := range spec.TLS {
			for j, host := range entry.Hosts {
				tls = append(tls, tlsHost{ingress: o.Name, tls: i, host: j, name: host})
			}
		}
	}
	return routes, tls
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
