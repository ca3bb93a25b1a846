package cost

import "k8s.io/apimachinery/pkg/api/resource"

// sum adds up the need of objects.
type sum struct {
	Need
	defaults        limit
	scalers         map[string]int64
	noCPU, noMemory bool // a container requests none, and has no limit and no default
}

func (s *sum) add(o object) {
	switch {
	case runsPods(o.kind):
		s.addWorkload(o)
	case o.kind == "PersistentVolumeClaim":
		s.Storage += bytes(o.Spec.Resources.Requests, "storage")
	case o.kind == "Service" && o.Spec.Type == "LoadBalancer":
		s.LoadBalancers++
	}
}

func (s *sum) addWorkload(o object) {
	replicas, pod := s.replicas(o), o.pod()
	s.Storage += replicas * ephemeral(pod)
	for _, c := range o.Spec.VolumeClaimTemplates {
		volumes := replicas
		if o.Spec.PersistentVolumeClaimRetentionPolicy.WhenScaled != "Delete" {
			volumes = max(volumes, 1) // the volumes of an archived StatefulSet stay
		}
		s.Storage += volumes * bytes(c.Spec.Resources.Requests, "storage")
	}
	if replicas == 0 {
		return
	}
	s.CPU += replicas * s.request(pod, "cpu", (*resource.Quantity).MilliValue, &s.noCPU)
	s.Memory += replicas * s.request(pod, "memory", (*resource.Quantity).Value, &s.noMemory)
}

// replicas returns how many pods of a workload run all the time, at least. A DaemonSet has
// one on each node, of which there is at least one.
func (s *sum) replicas(o object) int64 {
	if least, scaled := s.scalers[o.kind+"/"+o.name]; scaled && orElse(o.Spec.Replicas, 1) > 0 {
		return least
	}
	if o.kind == "Pod" || o.kind == "DaemonSet" {
		return 1
	}
	return max(0, orElse(o.Spec.Replicas, 1))
}

// request returns what a pod requests, as Kubernetes counts it: init containers run one
// after the other, before the others; a sidecar runs beside them. It notes a container that
// requests nothing.
func (s *sum) request(pod podSpec, name string, value func(*resource.Quantity) int64, none *bool) int64 {
	over := pod.Overhead[name]
	for _, whole := range []resources{pod.Resources.Requests, pod.Resources.Limits} {
		if q, set := whole[name]; set {
			return value(&q) + value(&over)
		}
	}
	var running, most int64
	for _, c := range pod.Containers {
		running += s.ofContainer(c, name, value, none)
	}
	for _, c := range pod.InitContainers {
		var unknown bool // an init container that requests nothing fits into what the others request
		one := s.ofContainer(c, name, value, &unknown)
		if c.RestartPolicy == "Always" {
			running += one
		} else {
			most = max(most, one)
		}
	}
	return max(running, most) + value(&over)
}

func (s *sum) ofContainer(c container, name string, value func(*resource.Quantity) int64, none *bool) int64 {
	for _, source := range []resources{c.Resources.Requests, c.Resources.Limits, s.defaults.DefaultRequest, s.defaults.Default} {
		if q, set := source[name]; set {
			return value(&q)
		}
	}
	*none = true
	return 0
}

// fillFromQuota takes the quota of the staging where a container requests nothing: the
// staging cannot use more.
func (s *sum) fillFromQuota(set []object) {
	cpu, hasCPU := quotaOf(set, "cpu")
	memory, hasMemory := quotaOf(set, "memory")
	if s.noCPU && hasCPU {
		s.CPU = max(s.CPU, cpu.MilliValue())
	}
	if s.noMemory && hasMemory {
		s.Memory = max(s.Memory, memory.Value())
	}
	s.UpTo = s.noCPU && hasCPU || s.noMemory && hasMemory
	s.AtLeast = s.noCPU && !hasCPU || s.noMemory && !hasMemory
}

func quotaOf(set []object, name string) (resource.Quantity, bool) {
	for _, key := range []string{"requests." + name, name, "limits." + name} {
		for _, o := range set {
			if q, has := o.Spec.Hard[key]; has && o.kind == "ResourceQuota" {
				return q, true
			}
		}
	}
	return resource.Quantity{}, false
}

// ephemeral returns the storage of volumes that live as long as a pod.
func ephemeral(pod podSpec) int64 {
	var sum int64
	for _, v := range pod.Volumes {
		if v.Ephemeral != nil {
			sum += bytes(v.Ephemeral.VolumeClaimTemplate.Spec.Resources.Requests, "storage")
		}
	}
	return sum
}

func bytes(r resources, name string) int64 {
	q := r[name]
	return q.Value()
}
