// Package cluster runs a real Kubernetes API and a real Argo CD on one machine
// as plain processes: no containers, no root, no network beyond loopback.
//
// Build makes the programs from Go modules. Start brings a cluster up and
// returns when every part answers; Open finds one that runs. Parts can be
// stopped, frozen and started one by one, for tests of what happens then.
//
// Nothing stands in for anything but the kubelet: kwok plays it, so that pods
// become ready at once and no container runs. An image with "crash" in its tag
// crashes, one with "missing" is not found. With Options.Forge there is a real
// forge as well, Gitea.
//
// The package uses the standard library only.
package cluster
