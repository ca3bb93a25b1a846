package argocd

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"octopod/generator/staging"
)

// maxRemainders bounds the objects whose finalizers are read: each needs a request.
const maxRemainders = 5

// Remains lists what the deletion of an Application has left. Kubernetes deletes an owner
// after what it owns, so the objects that own nothing are the ones that hold it up.
func (c *Client) Remains(ctx context.Context, name string) (staging.Remains, error) {
	tree, err := c.tree(ctx, name)
	if err != nil {
		return staging.Remains{}, err
	}
	nodes := existing(tree)
	for {
		objects, gone := c.remainders(ctx, name, nodes)
		if len(objects) > 0 || len(gone) == 0 {
			return staging.Remains{Count: len(nodes), Objects: objects}, nil
		}
		for _, uid := range gone {
			delete(nodes, uid)
		}
	}
}

// remainders reads the objects that own nothing. gone has the UIDs of the objects that exist no
// more: Argo CD 3 keeps some in its tree, in front of their owner.
func (c *Client) remainders(ctx context.Context, name string, nodes map[string]v1alpha1.ResourceNode) (objects []staging.Remainder, gone []string) {
	last := leaves(nodes)
	if len(last) > 1 { // a Namespace waits for everything in it
		last = slices.DeleteFunc(last, func(node v1alpha1.ResourceNode) bool { return node.Kind == "Namespace" })
	}
	slices.SortFunc(last, func(a, b v1alpha1.ResourceNode) int { return strings.Compare(kindAndName(a), kindAndName(b)) })
	for _, node := range last[:min(len(last), maxRemainders)] {
		remainder, exists := c.remainder(ctx, name, node)
		if !exists {
			gone = append(gone, node.UID)
			continue
		}
		if top := topOwner(node, nodes); top.UID != node.UID {
			remainder.Owner = kindAndName(top)
		}
		objects = append(objects, remainder)
	}
	return objects, gone
}

func kindAndName(node v1alpha1.ResourceNode) string { return node.Kind + "/" + node.Name }

// remainder reads the finalizers of an object. An object that cannot be read has none;
// exists is false if it is gone meanwhile.
func (c *Client) remainder(ctx context.Context, application string, node v1alpha1.ResourceNode) (r staging.Remainder, exists bool) {
	r.Object = kindAndName(node)
	answer, err := c.applications.GetResource(ctx, &applicationpkg.ApplicationResourceRequest{
		Name: &application, AppNamespace: &c.options.Namespace, Project: &c.options.Project,
		Namespace: &node.Namespace, ResourceName: &node.Name, Version: &node.Version, Group: &node.Group, Kind: &node.Kind,
	})
	if err != nil {
		return r, !strings.Contains(err.Error(), "not found")
	}
	var live struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
		Status   json.RawMessage   `json:"status"`
	}
	if json.Unmarshal([]byte(answer.GetManifest()), &live) != nil {
		return r, true
	}
	r.Finalizers = slices.DeleteFunc(live.Metadata.Finalizers, func(f string) bool { return f == metav1.FinalizerDeleteDependents })
	if node.Kind == "Namespace" {
		r.Message = contentLeft(live.Status)
	}
	return r, true
}

// contentLeft returns what a Namespace in deletion still contains, in the words of
// Kubernetes.
func contentLeft(status []byte) string {
	var s corev1.NamespaceStatus
	if json.Unmarshal(status, &s) != nil {
		return ""
	}
	var words []string
	for _, c := range s.Conditions {
		if c.Status == corev1.ConditionTrue && (c.Type == corev1.NamespaceContentRemaining || c.Type == corev1.NamespaceFinalizersRemaining) {
			words = append(words, strings.TrimSpace(c.Message))
		}
	}
	return strings.Join(words, "; ")
}
