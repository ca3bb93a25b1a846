package check

import "k8s.io/client-go/kubernetes/scheme"

// clusterKinds are the cluster-scoped kinds, by "group/Kind": all built-in ones and
// those of common extensions. Go types do not contain the scope, so the list is
// maintained by hand.
var clusterKinds = map[string]bool{
	"/Namespace": true, "/Node": true, "/PersistentVolume": true, "/ComponentStatus": true,
	"admissionregistration.k8s.io/MutatingWebhookConfiguration":     true,
	"admissionregistration.k8s.io/ValidatingWebhookConfiguration":   true,
	"admissionregistration.k8s.io/ValidatingAdmissionPolicy":        true,
	"admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": true,
	"admissionregistration.k8s.io/MutatingAdmissionPolicy":          true,
	"admissionregistration.k8s.io/MutatingAdmissionPolicyBinding":   true,
	"apiextensions.k8s.io/CustomResourceDefinition":                 true,
	"apiregistration.k8s.io/APIService":                             true,
	"authentication.k8s.io/SelfSubjectReview":                       true,
	"authentication.k8s.io/TokenReview":                             true,
	"authorization.k8s.io/SelfSubjectAccessReview":                  true,
	"authorization.k8s.io/SelfSubjectRulesReview":                   true,
	"authorization.k8s.io/SubjectAccessReview":                      true,
	"certificates.k8s.io/CertificateSigningRequest":                 true,
	"certificates.k8s.io/ClusterTrustBundle":                        true,
	"extensions/PodSecurityPolicy":                                  true,
	"flowcontrol.apiserver.k8s.io/FlowSchema":                       true,
	"flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration":       true,
	"internal.apiserver.k8s.io/StorageVersion":                      true,
	"networking.k8s.io/IngressClass":                                true,
	"networking.k8s.io/IPAddress":                                   true,
	"networking.k8s.io/ServiceCIDR":                                 true,
	"node.k8s.io/RuntimeClass":                                      true,
	"policy/PodSecurityPolicy":                                      true,
	"rbac.authorization.k8s.io/ClusterRole":                         true,
	"rbac.authorization.k8s.io/ClusterRoleBinding":                  true,
	"resource.k8s.io/DeviceClass":                                   true,
	"resource.k8s.io/ResourceSlice":                                 true,
	"scheduling.k8s.io/PriorityClass":                               true,
	"storage.k8s.io/CSIDriver":                                      true,
	"storage.k8s.io/CSINode":                                        true,
	"storage.k8s.io/StorageClass":                                   true,
	"storage.k8s.io/VolumeAttachment":                               true,
	"storage.k8s.io/VolumeAttributesClass":                          true,
	"storagemigration.k8s.io/StorageVersionMigration":               true,

	"cert-manager.io/ClusterIssuer":                 true,
	"external-secrets.io/ClusterExternalSecret":     true,
	"external-secrets.io/ClusterSecretStore":        true,
	"gateway.networking.k8s.io/GatewayClass":        true,
	"kyverno.io/ClusterPolicy":                      true,
	"policy.networking.k8s.io/AdminNetworkPolicy":   true,
	"snapshot.storage.k8s.io/VolumeSnapshotClass":   true,
	"snapshot.storage.k8s.io/VolumeSnapshotContent": true,
	"cilium.io/CiliumClusterwideNetworkPolicy":      true,
	"projectcalico.org/GlobalNetworkPolicy":         true,
	"crd.projectcalico.org/GlobalNetworkPolicy":     true,
}

func isClusterScoped(o *object) bool { return clusterKinds[o.gvk.Group+"/"+o.Kind] }

// checkNamespace implements the rule namespace. Without a namespace, the settings of
// Argo CD would decide where the object goes.
func checkNamespace(c check) {
	at, own := metadata.Child("namespace"), c.subject.Namespace
	switch ns := c.o.meta.Namespace; {
	case isClusterScoped(c.o) || ns == own:
	case ns != "":
		c.reject(at, "is %s, must be the staging's own namespace %s", ns, own)
	case scheme.Scheme.Recognizes(c.o.gvk):
		c.reject(at, "is missing, must be %s", own)
	default:
		c.reject(at, "is missing, must be %s; if %s is cluster-scoped, add it to checks.allow", own, c.o.Kind)
	}
}

// checkClusterScoped implements the rule cluster-scoped.
func checkClusterScoped(c check) {
	switch {
	case !isClusterScoped(c.o):
	case c.o.gvk.Group != "" || c.o.Kind != "Namespace":
		c.reject(nil, "%s is cluster-scoped: install it once outside the stagings, or add it to checks.allow", c.o.Kind)
	case c.o.meta.Name != c.subject.Namespace:
		c.reject(metadata.Child("name"), "is %s: a staging may contain only its own Namespace, %s", c.o.meta.Name, c.subject.Namespace)
	}
}
