// Package check owns the rules that a rendered staging must pass before it is
// committed: it is well-formed, a cluster would accept it, it stays inside its
// own namespace and hosts, and it carries no secret.
//
// The package is pure: objects in, problems out. It reads no clock, file,
// network or map in random order, changes nothing, and stops at no first fault.
// It judges what was rendered, never how; the project's own file and the
// staging's record are judged where they are decoded.
//
// # What the schema rule covers
//
// Every built-in kind of Kubernetes 1.31 is decoded into its Go type: unknown
// fields, wrong types and bad quantities are found for all of them. Beyond
// that, required fields, allowed values, names, ports and references inside an
// object are checked for Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet,
// Job, CronJob, Service, Ingress, NetworkPolicy, ConfigMap, Secret,
// PersistentVolumeClaim, HorizontalPodAutoscaler, PodDisruptionBudget, Role,
// RoleBinding, ResourceQuota and LimitRange.
//
// # What it does not cover
//
// Affinity terms, topology spread constraints, projected and CSI volume
// details, security context combinations, volume sizes against storage classes
// and dual-stack settings are decoded strictly but not judged further. The spec
// of a custom kind is not judged at all, except that a pod template in it must
// pass the rules on security and images, and that the routes of widespread
// ingress kinds must pass the rule on hosts. Nothing here knows the cluster:
// whether a class, a Secret or a CustomResourceDefinition exists is Argo CD's
// to report.
package check
