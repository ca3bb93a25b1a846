package check

// Rule is what people read about a rule.
type Rule struct {
	Name    string // as it stands in brackets behind a problem, and in checks.allow
	Refuses string // one sentence: what it refuses
	Why     string // one sentence: why
}

// rule is a Rule and the code that holds it.
type rule struct {
	Rule
	checkObject func(check)            // looks at one object
	checkAll    func(check, []*object) // looks at all objects together
}

const wellFormed = "well-formed"

// rules in the order in which they are applied and reported.
var rules = []rule{
	{Rule: Rule{wellFormed,
		"Objects without apiVersion, kind or name, with a name Kubernetes forbids, and lists of objects.",
		"Kubernetes would refuse them, or Argo CD could not follow them."}, checkObject: checkForm},
	{Rule: Rule{"removed-api",
		"API versions that Kubernetes has removed.",
		"A current cluster no longer knows them; the sync would fail."}, checkObject: checkRemoved},
	{Rule: Rule{"schema",
		"Unknown fields, wrong types, missing fields and values outside the allowed ones in built-in kinds.",
		"Kubernetes ignores an unknown field and refuses the rest only when it is too late."}, checkObject: checkSchema},
	{Rule: Rule{"server-fields",
		"Fields of metadata that belong to the cluster: ownerReferences, finalizers, uid, resourceVersion, generateName and the like.",
		"They name objects of one cluster at one time, block deletion, or make a sync fail."}, checkObject: checkServerFields},
	{Rule: Rule{"duplicate",
		"Two objects of the same kind, namespace and name.",
		"The last one would win, and Argo CD would never be in sync."}, checkAll: checkDuplicates},
	{Rule: Rule{"namespace",
		"Objects outside the staging's own namespace, or without a namespace.",
		"A staging must never change another one, and must vanish as a whole."}, checkObject: checkNamespace},
	{Rule: Rule{"cluster-scoped",
		"Kinds that belong to the whole cluster, except the staging's own Namespace.",
		"All stagings would share and fight over the one object."}, checkObject: checkClusterScoped},
	{Rule: Rule{"plain-secret",
		"Secrets with values in them, and settings that are obviously credentials.",
		"Whatever is committed to git is readable for years; base64 hides nothing."}, checkObject: checkPlainSecret},
	{Rule: Rule{"service-account-token",
		"Secrets that ask for a token of a service account.",
		"Such a token never expires; pods get short-lived ones by themselves."}, checkObject: checkTokenSecret},
	{Rule: Rule{"role-binding",
		"RoleBindings that give rights to another namespace or to everybody.",
		"A staging's objects are for the staging alone."}, checkObject: checkRoleBinding},
	{Rule: Rule{"host",
		"Ingresses and routes for a host that is not the staging's own, for every host, or for a wildcard.",
		"They would take over the traffic of other stagings."}, checkObject: checkHosts},
	{Rule: Rule{"host-path",
		"Volumes of the node's file system.",
		"They reach every other pod's files on the node, and the node itself."}, checkObject: checkHostPath},
	{Rule: Rule{"privileged",
		"Containers with more rights than Kubernetes' baseline: privileged, escalation, capabilities, host PID or IPC.",
		"They can leave their container and take over the node."}, checkObject: checkPrivileged},
	{Rule: Rule{"host-network",
		"Pods in the node's network and ports of the node.",
		"They pass by network policies, and two stagings cannot have the same port."}, checkObject: checkHostNetwork},
	{Rule: Rule{"load-balancer",
		"Services of type LoadBalancer or with external addresses.",
		"Each costs money and an address; stagings are reached through the ingress."}, checkObject: checkLoadBalancer},
	{Rule: Rule{"node-port",
		"Services of type NodePort.",
		"The port is open on every node, past the ingress and its login."}, checkObject: checkNodePort},
	{Rule: Rule{"image-unused",
		"An image of the staging that no workload uses. In checks.allow its name is the service's.",
		"The staging would run something else than what was deployed."}, checkAll: checkImages},
}

// Rules lists every rule in the order of reports, for help texts and for the
// check of a project's exceptions.
func Rules() []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = r.Rule
	}
	return list
}
