package argocd

import (
	"context"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
)

// tree returns the resource tree of an Application. Argo CD updates it within seconds of a
// change in the cluster, unlike the status of the Application.
func (c *Client) tree(ctx context.Context, name string) (*v1alpha1.ApplicationTree, error) {
	tree, err := c.applications.ResourceTree(ctx, &applicationpkg.ResourcesQuery{
		ApplicationName: &name, AppNamespace: &c.options.Namespace, Project: &c.options.Project,
	})
	return tree, c.wrapError(ctx, "reading the resource tree of Application "+name, err)
}

// existing returns the nodes of objects in the cluster, by UID. A committed object that
// does not exist is a node without a UID.
func existing(tree *v1alpha1.ApplicationTree) map[string]v1alpha1.ResourceNode {
	nodes := map[string]v1alpha1.ResourceNode{}
	for _, node := range tree.Nodes {
		if node.UID != "" {
			nodes[node.UID] = node
		}
	}
	return nodes
}

// topOwner returns the outermost owner of a node, the node itself without one.
func topOwner(node v1alpha1.ResourceNode, nodes map[string]v1alpha1.ResourceNode) v1alpha1.ResourceNode {
	top := node
	for range len(nodes) { // bounded, because owner references may form a cycle
		owner, ok := nodes[ownerOf(top)]
		if !ok {
			break
		}
		top = owner
	}
	return top
}

// leaves returns the nodes that own no other node.
func leaves(nodes map[string]v1alpha1.ResourceNode) (list []v1alpha1.ResourceNode) {
	owners := map[string]bool{}
	for _, node := range nodes {
		owners[ownerOf(node)] = true
	}
	for _, node := range nodes {
		if !owners[node.UID] {
			list = append(list, node)
		}
	}
	return list
}
