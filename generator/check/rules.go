package check

// Rule is the description of a rule.
type Rule struct {
	Name    string // shown in brackets after a problem, and used in checks.allow
	Refuses string // one sentence: the objects it rejects
	Why     string // one sentence: the reason
}

// rule is a Rule and its code.
type rule struct {
	Rule
	checkObject func(check)            // checks one object
	checkAll    func(check, []*object) // checks the set of objects
}

const (
	wellFormed = "well-formed"
	immutable  = "immutable"
)

// RuleSchema is the name of the rule for the fields of built-in kinds.
const RuleSchema = "schema"

// RulePlainSecret is the name of the rule that keeps values of Secrets out of git.
const RulePlainSecret = "plain-secret"

// rules are applied and reported in this order.
var rules = []rule{
	{Rule: Rule{wellFormed,
		"Objects without apiVersion, kind or name, with a name Kubernetes forbids, and lists of objects.",
		"Kubernetes would reject them, or Argo CD could not track them."}, checkObject: checkForm},
	{Rule: Rule{"removed-api",
		"API versions that Kubernetes has removed.",
		"A current cluster does not serve them; the sync would fail."}, checkObject: checkRemoved},
	{Rule: Rule{RuleSchema,
		"Unknown fields, wrong types, missing fields and values outside the allowed ones in built-in kinds.",
		"Kubernetes ignores an unknown field, and rejects the rest only during the sync."}, checkObject: checkSchema},
	{Rule: Rule{"server-fields",
		"Fields of metadata that belong to the cluster: ownerReferences, finalizers, uid, resourceVersion, generateName and the like.",
		"They refer to objects of one cluster, block deletion, or make a sync fail."}, checkObject: checkServerFields},
	{Rule: Rule{"duplicate",
		"Two objects of the same kind, namespace and name.",
		"The last one would win, and the Application would never be in sync."}, checkAll: checkDuplicates},
	{Rule: Rule{"namespace",
		"Objects outside the staging's own namespace, or without a namespace.",
		"A staging must never change another one, and its deletion must remove every object."}, checkObject: checkNamespace},
	{Rule: Rule{"cluster-scoped",
		"Cluster-scoped kinds, except the staging's own Namespace.",
		"All stagings would share one object and overwrite it."}, checkObject: checkClusterScoped},
	{Rule: Rule{RulePlainSecret,
		"Secrets with values in them, and settings that are obviously credentials.",
		"Git keeps every committed value for years; base64 is not encryption."}, checkObject: checkPlainSecret},
	{Rule: Rule{"service-account-token",
		"Secrets that request a token of a service account.",
		"Such a token never expires; pods get short-lived tokens automatically."}, checkObject: checkTokenSecret},
	{Rule: Rule{"sealed-secret",
		"SealedSecrets that are sealed for one namespace.",
		"The controller cannot open them in the namespace of a staging."}, checkObject: checkSealedSecret},
	{Rule: Rule{"role-binding",
		"RoleBindings that grant permissions to another namespace or to everybody.",
		"A staging's objects are for the staging alone."}, checkObject: checkRoleBinding},
	{Rule: Rule{"host",
		"Ingresses and routes for a host of another staging, for every host, or for a wildcard.",
		"They would receive the traffic of other stagings."}, checkObject: checkHosts},
	{Rule: Rule{"host-path",
		"Volumes of the node's file system.",
		"They expose the files of the node and of every other pod on it."}, checkObject: checkHostPath},
	{Rule: Rule{"privileged",
		"Containers with more privileges than the baseline of Kubernetes: privileged, escalation, capabilities, host PID or IPC.",
		"They can break out of the container and take over the node."}, checkObject: checkPrivileged},
	{Rule: Rule{"host-network",
		"Pods in the node's network and ports of the node.",
		"They bypass network policies, and two stagings cannot use the same port."}, checkObject: checkHostNetwork},
	{Rule: Rule{"load-balancer",
		"Services of type LoadBalancer or with external addresses.",
		"Each costs money and an IP address; the ingress exposes stagings."}, checkObject: checkLoadBalancer},
	{Rule: Rule{"node-port",
		"Services of type NodePort.",
		"The port is open on every node and bypasses the ingress and its login."}, checkObject: checkNodePort},
	{Rule: Rule{"fixed-address",
		"Services with a fixed cluster IP, and volume claims for a volume by its name.",
		"Only one staging can have the address or the volume; the next one never runs."}, checkObject: checkFixedAddress},
	{Rule: Rule{"quota",
		"Workloads and volume claims that together need more than the ResourceQuota of the staging.",
		"Kubernetes would refuse the last pods: the staging never runs."}, checkAll: checkFitsQuota},
	{Rule: Rule{"sync-order",
		"Pods of a hook or of an early sync wave that need an object which Argo CD creates later.",
		"Argo CD waits for the pods before it creates the object: the first sync of a staging never ends."}, checkAll: checkSyncOrder},
	{Rule: Rule{immutable,
		"Fields that cannot change, and that another image or setting changes. `octopod lint` compares two deploys.",
		"Kubernetes refuses the second deploy of every staging."}}, // see Update
	{Rule: Rule{"image-unused",
		"An image of the staging that no workload uses. In checks.allow, name is the name of the service.",
		"The staging would not run the deployed image."}, checkAll: checkImages},
	{Rule: Rule{"added-object",
		"A template that leaves out an object of spec.secrets or spec.hygiene.",
		"The staging would be without a Secret, or without its protection."}, checkAll: checkAdded},
	{Rule: Rule{"database-job",
		"A staging without the Job that keeps the database of spec.database.",
		"Nobody would make, reset or drop its database, and no status would say so."}, checkAll: checkJobs},
}

// Rules lists every rule in the order of reports, for help texts and to validate
// the exceptions in octopod.yaml.
func Rules() []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = r.Rule
	}
	return list
}
