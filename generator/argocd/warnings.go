package argocd

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"octopod/generator/staging"
)

// maxExplained bounds the objects whose events are read: each needs a request.
const maxExplained = 5

// Warnings returns the last warning of the objects that do not work, at most one for the
// pods of one owner: they fail alike. Events hold causes that no status has: an exceeded
// quota, a missing storage class, the words of a probe.
func (c *Client) Warnings(ctx context.Context, name string) ([]staging.Warning, error) {
	tree, err := c.tree(ctx, name)
	if err != nil {
		return nil, err
	}
	nodes := existing(tree)
	var found []staging.Warning
	failing := unhealthy(nodes)
	for _, node := range failing[:min(len(failing), maxExplained)] {
		events, err := c.events(ctx, name, node)
		if err != nil {
			return found, err
		}
		if w, ok := lastWarning(events); ok {
			w.Object, w.Workload = kindAndName(node), kindAndName(topOwner(node, nodes))
			found = append(found, w)
		}
	}
	return found, nil
}

// unhealthy returns the nodes whose events may say why they do not work: volume claims
// first, because pods wait for them, and one pod of each owner. The events of a Deployment
// say nothing; its ReplicaSet has them.
func unhealthy(nodes map[string]v1alpha1.ResourceNode) (list []v1alpha1.ResourceNode) {
	for _, node := range nodes {
		fine := node.Health == nil || node.Health.Status == "Healthy" || node.Health.Status == "Suspended"
		if !fine && node.Kind != "Deployment" && !isReplaced(node, nodes) {
			list = append(list, node)
		}
	}
	order := map[string]int{"PersistentVolumeClaim": -2, "Pod": -1}
	slices.SortFunc(list, func(a, b v1alpha1.ResourceNode) int {
		return cmp.Or(order[a.Kind]-order[b.Kind], strings.Compare(kindAndName(a), kindAndName(b)))
	})
	explained := map[string]bool{} // owners of pods
	return slices.DeleteFunc(list, func(node v1alpha1.ResourceNode) bool {
		owner := ownerOf(node)
		if node.Kind != "Pod" || owner == "" {
			return false
		}
		again := explained[owner]
		explained[owner] = true
		return again
	})
}

// isReplaced reports whether a node belongs to an earlier version of a Deployment.
func isReplaced(node v1alpha1.ResourceNode, nodes map[string]v1alpha1.ResourceNode) bool {
	set := node
	if node.Kind == "Pod" {
		set = nodes[ownerOf(node)]
	}
	for _, other := range nodes {
		if set.Kind == "ReplicaSet" && ownerOf(set) != "" && ownerOf(other) == ownerOf(set) && revisionOf(other) > revisionOf(set) {
			return true
		}
	}
	return false
}

// events lists the events of one object, as Kubernetes keeps them for an hour.
func (c *Client) events(ctx context.Context, application string, node v1alpha1.ResourceNode) ([]corev1.Event, error) {
	var list corev1.EventList
	err := c.get(ctx, "ApplicationService/ListResourceEvents", "/api/v1/applications/"+url.PathEscape(application)+"/events", url.Values{
		"appNamespace": {c.options.Namespace}, "project": {c.options.Project},
		"resourceNamespace": {node.Namespace}, "resourceName": {node.Name}, "resourceUID": {node.UID},
	}, &list)
	return list.Items, c.wrapError(ctx, "reading the events of "+kindAndName(node), err)
}

// lastWarning returns the last warning among events. A warning that only repeats the state of a
// container counts if there is no other.
func lastWarning(events []corev1.Event) (w staging.Warning, found bool) {
	said := func(e corev1.Event) bool { return repeatsState(e.Message) }
	events = slices.DeleteFunc(slices.Clone(events), func(e corev1.Event) bool { return e.Type != corev1.EventTypeWarning })
	if telling := slices.DeleteFunc(slices.Clone(events), said); len(telling) > 0 {
		events = telling
	}
	if len(events) == 0 {
		return w, false
	}
	last := slices.MaxFunc(events, func(a, b corev1.Event) int { return lastSeen(a).Compare(lastSeen(b)) })
	return staging.Warning{Reason: last.Reason, Message: last.Message, Last: lastSeen(last)}, true
}

func repeatsState(message string) bool {
	return strings.HasPrefix(message, "Error: ") || strings.HasPrefix(message, "Back-off ")
}

// lastSeen returns the time of the last occurrence of an event, in each of its forms.
func lastSeen(e corev1.Event) time.Time {
	switch {
	case e.Series != nil:
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	}
	return e.EventTime.Time
}
