package render

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Defaults of containers without requests or limits, where the quota counts them.
var (
	defaultRequests = map[string]string{"cpu": "50m", "memory": "128Mi", "ephemeral-storage": "100Mi"}
	defaultLimits   = map[string]string{"cpu": "1", "memory": "512Mi", "ephemeral-storage": "1Gi"}
)

// defaultResources returns the requests and limits that a quota counts and that a
// container does not have. Without defaults, Kubernetes creates no pod for it.
func defaultResources(quota map[string]string, objects []manifest) (requests, limits map[string]string) {
	requests, limits = map[string]string{}, map[string]string{}
	for _, m := range objects {
		for _, c := range m.pod().allContainers() {
			for name := range defaultRequests {
				own, limit := c.Resources.Requests[name], c.Resources.Limits[name]
				if cmp.Or(quota["requests."+name], quota[name]) != "" && own == nil && limit == nil {
					requests[name] = defaultRequests[name]
				}
				if quota["limits."+name] != "" && limit == nil {
					limits[name] = larger(cmp.Or(limits[name], defaultLimits[name]), own)
				}
			}
		}
	}
	return requests, limits
}

// larger returns a quantity, or a request that is larger: Kubernetes refuses a request
// above the limit.
func larger(limit string, request any) string {
	a, errA := resource.ParseQuantity(limit)
	b, errB := resource.ParseQuantity(fmt.Sprint(request))
	if errA == nil && errB == nil && b.Cmp(a) > 0 {
		return b.String()
	}
	return limit
}
