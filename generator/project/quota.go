package project

import (
	"slices"
	"strings"
)

// quotaResources lists the resources of a ResourceQuota without a domain.
func quotaResources() []string {
	return []string{
		"configmaps", "cpu", "ephemeral-storage", "limits.cpu", "limits.ephemeral-storage", "limits.memory", "memory",
		"persistentvolumeclaims", "pods", "replicationcontrollers", "requests.cpu", "requests.ephemeral-storage",
		"requests.memory", "requests.storage", "resourcequotas", "secrets", "services", "services.loadbalancers",
		"services.nodeports", "storage",
	}
}

// isQuotaResource reports whether Kubernetes accepts a key of ResourceQuota spec.hard.
func isQuotaResource(key string) bool {
	if slices.Contains(quotaResources(), key) || strings.HasPrefix(key, "hugepages-") || strings.HasPrefix(key, "requests.hugepages-") {
		return true
	}
	prefix, name, qualified := strings.Cut(key, "/")
	switch {
	case !qualified || name == "":
		return false
	case prefix == "count":
		return countedResource.MatchString(name)
	case strings.HasSuffix(prefix, ".storageclass.storage.k8s.io"):
		return name == "requests.storage" || name == "persistentvolumeclaims"
	}
	return strings.Contains(strings.TrimPrefix(prefix, "requests."), ".") // nvidia.com/gpu
}
