package argocd

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"octopod/generator/staging"
)

// Pods returns the pods of an Application, sorted by name: only pods of the newest
// version, and none that are terminating. Their state explains within seconds why a
// staging does not start; the health of the Application changes minutes later.
func (c *Client) Pods(ctx context.Context, name string) ([]staging.Pod, error) {
	tree, err := c.tree(ctx, name)
	if err != nil {
		return nil, err
	}
	return podsOf(tree), nil
}

func podsOf(tree *v1alpha1.ApplicationTree) []staging.Pod {
	nodes := map[string]v1alpha1.ResourceNode{}
	newest := map[string]int{} // highest revision by UID of the owner of a ReplicaSet
	for _, node := range tree.Nodes {
		nodes[node.UID] = node
		if owner := ownerOf(node); owner != "" {
			newest[owner] = max(newest[owner], revisionOf(node))
		}
	}
	serving := earlierPods(tree, nodes, newest)
	var pods []staging.Pod
	for _, node := range tree.Nodes {
		if node.Kind != "Pod" || nodeInfo(node, "Status Reason") == "Terminating" {
			continue
		}
		if parent := nodes[ownerOf(node)]; revisionOf(parent) < newest[ownerOf(parent)] {
			continue
		}
		pod := podOf(node, nodes)
		pod.Earlier = serving[ownerOf(nodes[ownerOf(node)])]
		pods = append(pods, pod)
	}
	slices.SortFunc(pods, func(a, b staging.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods
}

// earlierPods counts the ready pods of earlier versions, by the UID of their Deployment.
func earlierPods(tree *v1alpha1.ApplicationTree, nodes map[string]v1alpha1.ResourceNode, newest map[string]int) map[string]int {
	serving := map[string]int{}
	for _, node := range tree.Nodes {
		set := nodes[ownerOf(node)]
		deployment := ownerOf(set)
		ready := node.Health != nil && node.Health.Status == "Healthy" && nodeInfo(node, "Status Reason") != "Terminating"
		if node.Kind == "Pod" && deployment != "" && ready && revisionOf(set) < newest[deployment] {
			serving[deployment]++
		}
	}
	return serving
}

func podOf(node v1alpha1.ResourceNode, nodes map[string]v1alpha1.ResourceNode) staging.Pod {
	top := topOwner(node, nodes)
	pod := staging.Pod{
		Name: node.Name, Workload: top.Kind + "/" + top.Name,
		Status: nodeInfo(node, "Status Reason"), Images: node.Images,
	}
	if node.Health != nil {
		pod.Health, pod.Message = string(node.Health.Status), node.Health.Message
	}
	return pod
}

// ownerOf returns the UID of the owner of a node.
func ownerOf(node v1alpha1.ResourceNode) string {
	if len(node.ParentRefs) == 0 {
		return ""
	}
	return node.ParentRefs[0].UID
}

// revisionOf returns the revision of a Deployment's ReplicaSet; 0 for other nodes.
func revisionOf(node v1alpha1.ResourceNode) int {
	n, err := strconv.Atoi(strings.TrimPrefix(cmp.Or(nodeInfo(node, "Revision"), "0"), "Rev:"))
	if err != nil {
		return 0
	}
	return n
}

func nodeInfo(node v1alpha1.ResourceNode, name string) string {
	for _, item := range node.Info {
		if item.Name == name {
			return item.Value
		}
	}
	return ""
}
