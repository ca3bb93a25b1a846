package cluster

import (
	"path/filepath"
	"slices"
	"strconv"
)

// Part is one process of the cluster, by the name of its program.
type Part string

// The parts, in the order in which they start.
const (
	Etcd              Part = "etcd"
	APIServer         Part = "kube-apiserver"
	ControllerManager Part = "kube-controller-manager"
	Scheduler         Part = "kube-scheduler"
	Kwok              Part = "kwok"
	Redis             Part = "redis-server"
	RepoServer        Part = "argocd-repo-server"
	AppController     Part = "argocd-application-controller"
	AppSetController  Part = "argocd-applicationset-controller"
	Server            Part = "argocd-server"
	Gitea             Part = "gitea" // where Options.Forge asks for it

	// Where Options.Node asks for a real node:
	Containerd Part = "containerd"
	Kubelet    Part = "kubelet"
	KubeProxy  Part = "kube-proxy"
	CoreDNS    Part = "coredns"
	Traefik    Part = "traefik"
)

// Parts returns all parts.
func Parts() []Part {
	return slices.Concat(kubernetesParts(), nodeParts(), argocdParts(), []Part{Gitea})
}

// parts returns the parts of this cluster.
func (c *Cluster) parts() []Part {
	parts := kubernetesParts()
	if c.Node != nil {
		parts = append(parts, nodeParts()...)
	}
	parts = append(parts, argocdParts()...)
	if c.Forge {
		parts = append(parts, Gitea)
	}
	return parts
}

func kubernetesParts() []Part {
	return []Part{Etcd, APIServer, ControllerManager, Scheduler, Kwok, Redis}
}

func argocdParts() []Part {
	return []Part{RepoServer, AppController, AppSetController, Server}
}

// Names of the ports. Every part has a port for health checks; some have more.
const (
	portEtcd        = "etcd"
	portEtcdPeer    = "etcd-peer"
	portAPI         = "api"
	portManager     = "manager"
	portScheduler   = "scheduler"
	portKwok        = "kwok"
	portRedis       = "redis"
	portRepo        = "repo"
	portRepoHealth  = "repo-health"
	portController  = "controller"
	portSetHealth   = "set-health"
	portSetMetrics  = "set-metrics"
	portSetWebhook  = "set-webhook"
	portArgo        = "argo"
	portArgoMetrics = "argo-metrics"
	portGitea       = "gitea"

	portIngress       = "ingress"
	portIngressHealth = "ingress-health"
)

func portNames() []string {
	return []string{
		portEtcd, portEtcdPeer, portAPI, portManager, portScheduler, portKwok, portRedis, portRepo, portRepoHealth,
		portController, portSetHealth, portSetMetrics, portSetWebhook, portArgo, portArgoMetrics, portGitea,
		portIngress, portIngressHealth,
	}
}

const loopback = "127.0.0.1"

func (c *Cluster) address(port string) string { return loopback + ":" + c.port(port) }

// apiAddress returns the address of the API server. A real node reaches this
// machine only at the machine's end of its own network.
func (c *Cluster) apiAddress() string { return c.apiHost() + ":" + c.port(portAPI) }

func (c *Cluster) apiHost() string {
	if c.Node != nil {
		return c.Node.machine()
	}
	return loopback
}

func (c *Cluster) port(port string) string { return strconv.Itoa(c.Ports[port]) }
func (c *Cluster) path(parts ...string) string {
	return filepath.Join(append([]string{c.Dir}, parts...)...)
}

// health returns the path of a part's readiness check; "" for redis and
// containerd, which do not speak HTTP.
func (c *Cluster) health(part Part) string {
	if inNode(part) {
		port := map[Part]string{Kubelet: kubeletHealth, KubeProxy: proxyHealth, CoreDNS: dnsHealth}[part]
		path := map[Part]string{Kubelet: "/healthz", KubeProxy: "/livez", CoreDNS: "/health"}[part]
		if port == "" || c.Node == nil {
			return ""
		}
		return "http://" + c.Node.address() + ":" + port + path
	}
	return map[Part]string{
		Etcd:              "http://" + c.address(portEtcd) + "/health",
		APIServer:         "https://" + c.apiAddress() + "/readyz",
		ControllerManager: "https://" + c.address(portManager) + "/healthz",
		Scheduler:         "https://" + c.address(portScheduler) + "/readyz",
		Kwok:              "http://" + c.address(portKwok) + "/readyz",
		RepoServer:        "http://" + c.address(portRepoHealth) + "/healthz?full=true",
		AppController:     "http://" + c.address(portController) + "/healthz",
		AppSetController:  "http://" + c.address(portSetMetrics) + "/metrics", // it has no other answer
		Server:            "http://" + c.address(portArgo) + "/healthz?full=true",
		Gitea:             "http://" + c.address(portGitea) + "/api/healthz",
		Traefik:           "http://" + c.address(portIngressHealth) + "/ping",
	}[part]
}

// arguments returns the command line of a part.
func (c *Cluster) arguments(part Part) []string {
	if slices.Contains(nodeParts(), part) {
		return c.nodeArguments(part)
	}
	switch part {
	case Etcd:
		return c.etcdArguments()
	case APIServer:
		return c.apiArguments()
	case ControllerManager:
		return []string{
			"--kubeconfig=" + c.Kubeconfig(), "--bind-address=" + loopback, "--secure-port=" + c.port(portManager),
			"--cert-dir=" + c.path("pki", "manager"), "--leader-elect=false",
			"--service-account-private-key-file=" + c.path("pki", "accounts.key"), "--root-ca-file=" + c.path("pki", "ca.crt"),
			// If the fake node flapped, health would flip to Progressing.
			"--node-monitor-grace-period=10m",
			// Nothing else binds volume claims here.
			"--enable-hostpath-provisioner",
			"--concurrent-deployment-syncs=20", "--concurrent-replicaset-syncs=20", "--concurrent-namespace-syncs=20",
			"--kube-api-qps=500", "--kube-api-burst=1000",
		}
	case Scheduler:
		return []string{
			"--config=" + c.path("scheduler.json"), "--bind-address=" + loopback, "--secure-port=" + c.port(portScheduler),
			"--cert-dir=" + c.path("pki", "scheduler"),
		}
	case Kwok:
		return []string{
			"--kubeconfig=" + c.Kubeconfig(), "--config=" + c.path("kwok.yaml"), "--server-address=" + c.address(portKwok),
			"--node-lease-duration-seconds=40", c.kwokNodes(),
		}
	case Redis:
		return []string{
			"--port", c.port(portRedis), "--bind", loopback, "--save", "", "--appendonly", "no",
			"--dir", c.path("redis"), "--daemonize", "no",
		}
	case Gitea:
		return []string{"web", "--config", c.path("gitea", "app.ini"), "--port", c.port(portGitea)}
	}
	return c.argocdArguments(part)
}

// kwokNodes leaves the real node to its kubelet.
func (c *Cluster) kwokNodes() string {
	if c.Node != nil {
		return "--manage-single-node=" + nodeName
	}
	return "--manage-all-nodes=true"
}

func (c *Cluster) etcdArguments() []string {
	client, peer := "http://"+c.address(portEtcd), "http://"+c.address(portEtcdPeer)
	return []string{
		"--data-dir=" + c.path("etcd"), "--unsafe-no-fsync", "--log-level=warn", "--name=default",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer,
	}
}

func (c *Cluster) apiArguments() []string {
	arguments := []string{
		"--etcd-servers=http://" + c.address(portEtcd), "--secure-port=" + c.port(portAPI),
		"--bind-address=" + c.apiHost(), "--advertise-address=" + c.apiHost(),
		"--tls-cert-file=" + c.path("pki", "api.crt"), "--tls-private-key-file=" + c.path("pki", "api.key"),
		"--cert-dir=" + c.path("pki", "api"), "--token-auth-file=" + c.path("pki", "tokens.csv"),
		"--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.path("pki", "accounts.key"), "--service-account-signing-key-file=" + c.path("pki", "accounts.key"),
		"--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000",
	}
	if c.Node == nil { // no pod uses its token, and none reaches an address of loopback
		return append(arguments, "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none")
	}
	return append(arguments, "--kubelet-preferred-address-types=InternalIP",
		"--kubelet-client-certificate="+c.path("pki", "kubelet.crt"), "--kubelet-client-key="+c.path("pki", "kubelet.key"))
}

// TeamNamespaces is the pattern of the namespaces, beside its own, whose Applications
// Argo CD syncs.
const TeamNamespaces = "team-*"

func (c *Cluster) argocdArguments(part Part) []string {
	peers := []string{"--redis", c.address(portRedis), "--loglevel", "info"}
	repo := append(slices.Clone(peers), "--repo-server", c.address(portRepo), "--repo-server-plaintext",
		"--application-namespaces", TeamNamespaces)
	switch part {
	case RepoServer:
		if c.Argo == V3 {
			peers = append(peers, "--client-ca-path", "") // with its default, --disable-tls is refused
		}
		return append(peers, "--disable-tls", "--address", loopback, "--port", c.port(portRepo),
			"--metrics-address", loopback, "--metrics-port", c.port(portRepoHealth))
	case AppController:
		// Polling is practically off, so an immediate sync comes from a
		// refresh.
		return append(repo, "--metrics-port", c.port(portController), "--app-resync", "1800", "--app-hard-resync", "0",
			"--status-processors", "20", "--operation-processors", "20", "--kubectl-parallelism-limit", "20")
	case Server:
		return append(repo, "--insecure", "--address", loopback, "--port", c.port(portArgo),
			"--metrics-address", loopback, "--metrics-port", c.port(portArgoMetrics))
	default: // AppSetController has no redis
		return []string{
			"--argocd-repo-server", c.address(portRepo), "--repo-server-plaintext", "--loglevel", "info", "--namespace", "argocd",
			"--applicationset-namespaces", "argocd," + TeamNamespaces, "--enable-scm-providers=false", // required together
			"--metrics-addr", c.address(portSetMetrics), "--probe-addr", c.address(portSetHealth), "--webhook-addr", c.address(portSetWebhook),
		}
	}
}
