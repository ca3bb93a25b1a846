// Package cluster runs a real Kubernetes API and a real Argo CD on one machine
// as plain processes: no containers, no root, no network beyond loopback.
//
// Build builds the programs from Go modules. Start starts a cluster and returns
// when every part answers; Open returns a running cluster. Tests can stop,
// freeze and start each part to see how Octopod reacts.
//
// With Options.Node, a node of its own runs containers, which needs Linux and root.
// Without it, every part is real except the kubelet. kwok simulates it: pods become ready
// at once and no container runs. An image with "crash" in its tag crashes, an
// image with "missing" is not found. With Options.Forge the cluster also has a
// real forge, Gitea.
package cluster
