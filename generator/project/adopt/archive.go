package adopt

import (
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// archiveFixes are the changes that stop the pods of a custom kind, by "group/Kind".
var archiveFixes = map[string]project.ArchiveFix{
	"/ReplicationController":                        {Kind: "ReplicationController", Pointer: "/spec/replicas", Value: 0},
	"argoproj.io/Rollout":                           {Kind: "Rollout", Pointer: "/spec/replicas", Value: 0},
	"apps.kruise.io/CloneSet":                       {Kind: "CloneSet", Pointer: "/spec/replicas", Value: 0},
	"apps.openshift.io/DeploymentConfig":            {Kind: "DeploymentConfig", Pointer: "/spec/replicas", Value: 0},
	"keda.sh/ScaledObject":                          {Kind: "ScaledObject", Pointer: "/metadata/annotations/autoscaling.keda.sh~1paused-replicas", Value: "0"},
	"keda.sh/ScaledJob":                             {Kind: "ScaledJob", Pointer: "/metadata/annotations/autoscaling.keda.sh~1paused", Value: "true"},
	"postgresql.cnpg.io/Cluster":                    {Kind: "Cluster", Pointer: "/metadata/annotations/cnpg.io~1hibernation", Value: "on"},
	"acid.zalan.do/postgresql":                      {Kind: "postgresql", Pointer: "/spec/numberOfInstances", Value: 0},
	"mongodbcommunity.mongodb.com/MongoDBCommunity": {Kind: "MongoDBCommunity", Pointer: "/spec/members", Value: 0},
	"databases.spotahome.com/RedisFailover":         {Kind: "RedisFailover", Pointer: "/spec/redis/replicas", Value: 0},
}

// quietGroups are the groups of custom kinds that run no pods.
var quietGroups = []string{
	"bitnami.com", "cert-manager.io", "external-secrets.io", "externaldns.k8s.io", "gateway.networking.k8s.io", "getambassador.io",
	"isindir.github.com", "k8s.nginx.org", "kyverno.io", "monitoring.coreos.com", "networking.istio.io", "networking.gke.io",
	"policy.linkerd.io", "projectcontour.io", "route.openshift.io", "secrets.hashicorp.com", "security.istio.io",
	"snapshot.storage.k8s.io", "traefik.containo.us", "traefik.io", "cilium.io",
}

// readArchive declares how to stop the custom kinds of the base in an archived staging,
// and notes the kinds that Octopod does not know.
func (d *Draft) readArchive(objects []staging.Object) {
	var unknown []string
	for _, o := range objects {
		fix, known := archiveFixes[o.Group()+"/"+o.Kind]
		switch {
		case known && !slices.Contains(d.Archive, fix):
			d.Archive = append(d.Archive, fix)
			d.note("an archived staging stops its %s: %s becomes %v (spec.lifecycle.archive)", o.Kind, fix.Pointer, fix.Value)
		case !known && isCustom(o) && !slices.Contains(unknown, o.String()):
			unknown = append(unknown, o.String())
		}
	}
	if len(unknown) > 0 {
		d.note("if these run pods, the pods go on in an archived staging, until spec.lifecycle.archive stops the kind: %s", strings.Join(unknown, ", "))
	}
	slices.SortFunc(d.Archive, func(a, b project.ArchiveFix) int { return strings.Compare(a.Kind, b.Kind) })
}

// isCustom reports whether an object is of a kind that is not part of Kubernetes, and may
// run pods.
func isCustom(o staging.Object) bool {
	group := o.Group()
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") && !slices.Contains(quietGroups, group)
}
