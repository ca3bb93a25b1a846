// Package check owns the rules that a rendered staging must pass before it is
// committed: its objects are well-formed, a cluster would accept them, they stay
// inside the staging's namespace and hosts, and they contain no secret.
//
// The package is pure: objects in, problems out. It reads no clock, file or
// network, iterates maps in order, modifies nothing, and reports every fault, not
// only the first. It checks rendered objects only; octopod.yaml and the record of
// a staging are validated where they are decoded.
//
// Update in immutable.go compares two deploys of one staging.
//
// Objects in check.go runs the table of rules.go. Each rule has a file; below
// them are value.go and metadata.go (fields that many kinds share), report.go
// (problems) and object.go (the decoded object).
//
// # Coverage of the schema rule
//
// Every built-in kind of Kubernetes 1.31 is decoded into its Go type, which finds
// unknown fields, wrong types and bad quantities in all of them. Beyond
// that, required fields, allowed values, names, ports and references inside an
// object are checked for Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet,
// Job, CronJob, Service, Ingress, NetworkPolicy, ConfigMap, Secret,
// PersistentVolumeClaim, HorizontalPodAutoscaler, PodDisruptionBudget, Role,
// RoleBinding, ResourceQuota and LimitRange.
//
// # Limits
//
// Affinity terms, topology spread constraints, projected and CSI volume
// details, security context combinations, volume sizes against storage classes
// and dual-stack settings are decoded strictly but not checked further. The spec
// of a custom kind is not checked, with two exceptions: a pod template in it must
// pass the rules on security and images, and the routes of common ingress kinds
// must pass the rule on hosts. The package does not access the cluster: Argo CD
// reports a missing class, Secret or CustomResourceDefinition.
package check
