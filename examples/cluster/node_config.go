package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// cniPlugins is the folder of Debian's containernetworking-plugins.
const cniPlugins = "/usr/lib/cni"

// Ports in the network namespace of the node, where nothing else listens.
const (
	kubeletHealth = "10248"
	proxyHealth   = "10256"
	dnsHealth     = "8080"
)

func (c *Cluster) socket() string { return c.path("containerd", "containerd.sock") }

// nodeArguments returns the command line of a part of the real node.
func (c *Cluster) nodeArguments(part Part) []string {
	switch part {
	case Containerd:
		return []string{"--config", c.path("containerd.toml")}
	case Kubelet:
		return []string{
			"--config=" + c.path("kubelet.json"), "--kubeconfig=" + c.Kubeconfig(), "--root-dir=" + c.path("kubelet"),
			"--cert-dir=" + c.path("pki", "kubelet"), "--hostname-override=" + RealNode, "--node-ip=" + c.Node.address(),
			"--node-labels=" + NodeLabel + "=" + NodeValue,
		}
	case KubeProxy:
		return []string{"--config=" + c.path("kube-proxy.json")}
	case CoreDNS:
		return []string{"-conf", c.path("Corefile")}
	default:
		return []string{"--configFile=" + c.path("traefik.json")}
	}
}

// writeNodeConfig writes the configuration files of the real node.
func (c *Cluster) writeNodeConfig() error {
	if c.Node == nil {
		return nil
	}
	for _, folder := range []string{"cni", "containerd", "kubelet", "pods", "pki/kubelet"} {
		if err := os.MkdirAll(c.path(folder), 0o700); err != nil {
			return err
		}
	}
	return errors.Join(
		os.WriteFile(c.path("containerd.toml"), []byte(c.containerdConfig()), 0o600),
		os.WriteFile(c.path("Corefile"), []byte(c.corefile()), 0o600),
		c.writeJSON("cni/10-pods.conflist", c.podNetwork()),
		c.writeJSON("kubelet.json", c.kubeletConfig()),
		c.writeJSON("kube-proxy.json", c.proxyConfig()),
		c.writeJSON("traefik.json", c.traefikConfig()),
	)
}

// writeJSON writes a configuration file; JSON is YAML.
func (c *Cluster) writeJSON(file string, o object) error {
	data, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.path(file), data, 0o600)
}

// containerdConfig keeps everything in the cluster's folder. Without
// restrict_oom_score_adj, runc fails on machines without CAP_SYS_RESOURCE.
func (c *Cluster) containerdConfig() string {
	return fmt.Sprintf(`version = 2
root = %[1]q
state = %[2]q
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]
[grpc]
  address = %[3]q
[plugins."io.containerd.internal.v1.opt"]
  path = %[4]q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %[5]q
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %[6]q
    conf_dir = %[7]q
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = %[8]q
`, c.path("containerd", "root"), c.path("containerd", "state"), c.socket(), c.path("containerd", "opt"), pauseImage, cniPlugins, c.path("cni"), c.path("containerd", "runc"))
}

// podNetwork joins each pod to the node with a pair of interfaces, without a
// bridge: all traffic between pods passes the node's rules for Services. There
// is no way out of the machine.
func (c *Cluster) podNetwork() object {
	return object{
		"cniVersion": "0.4.0", "name": c.Node.network(),
		"plugins": []object{{
			"type": "ptp",
			"ipam": object{
				"type": "host-local", "dataDir": c.path("cni", "state"),
				"ranges": [][]object{{{"subnet": c.Node.pods()}}}, "routes": []object{{"dst": "0.0.0.0/0"}},
			},
		}},
	}
}

func (c *Cluster) kubeletConfig() object {
	return object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"address": c.Node.address(), "healthzBindAddress": c.Node.address(),
		"authentication": object{
			"anonymous": object{"enabled": false}, "webhook": object{"enabled": false},
			"x509": object{"clientCAFile": c.path("pki", "ca.crt")},
		},
		"authorization":            object{"mode": "AlwaysAllow"},
		"containerRuntimeEndpoint": "unix://" + c.socket(),
		"cgroupDriver":             "cgroupfs", "cgroupRoot": "/" + c.Node.network(),
		"clusterDNS": []string{c.Node.address()}, "clusterDomain": clusterDomain, "resolvConf": "",
		"registerWithTaints": []object{{"key": NodeLabel, "value": NodeValue, "effect": "NoSchedule"}},
		// The machine is shared: its memory and disk are not only for pods.
		"failSwapOn": false, "enforceNodeAllocatable": []string{}, "localStorageCapacityIsolation": false,
		"evictionHard":                object{"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
		"imageGCHighThresholdPercent": 100, "oomScoreAdj": 0,
		"podLogsDir": c.path("pods"), "volumePluginDir": c.path("kubelet", "volumeplugins"),
		"makeIPTablesUtilChains": false, "kubeAPIQPS": 100, "kubeAPIBurst": 200,
	}
}

const clusterDomain = "cluster.local"

func (c *Cluster) proxyConfig() object {
	return object{
		"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
		"clientConnection": object{"kubeconfig": c.Kubeconfig()}, "hostnameOverride": RealNode,
		"bindAddress": c.Node.address(), "healthzBindAddress": c.Node.address() + ":" + proxyHealth,
		"mode": "iptables", "clusterCIDR": c.Node.pods(),
		"conntrack": object{"maxPerCore": 0, "min": 0}, "oomScoreAdj": 0,
	}
}

// corefile serves the names of the cluster and no other.
func (c *Cluster) corefile() string {
	return fmt.Sprintf(`.:53 {
  bind %[1]s
  errors
  health %[1]s:%[2]s
  kubernetes %[3]s in-addr.arpa {
    kubeconfig %[4]s
    ttl 5
  }
}
`, c.Node.address(), dnsHealth, clusterDomain, c.Kubeconfig())
}

func (c *Cluster) traefikConfig() object {
	return object{
		"global": object{"checkNewVersion": false, "sendAnonymousUsage": false},
		"entryPoints": object{
			"web":    object{"address": c.address(portIngress)},
			"health": object{"address": c.address(portIngressHealth)},
		},
		"ping": object{"entryPoint": "health"},
		"providers": object{
			"providersThrottleDuration": "200ms",
			"kubernetesIngress": object{
				"endpoint": "https://" + c.apiAddress(), "token": c.KubeToken, "certAuthFilePath": c.path("pki", "ca.crt"),
				"allowEmptyServices": true,
			},
		},
	}
}
