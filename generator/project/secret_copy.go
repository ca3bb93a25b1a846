package project

import (
	"cmp"
	"time"

	"octopod/generator/staging"
)

// SecretCopy is a Secret that every staging gets. octopod.yaml names where it is, and never
// holds its values. Exactly one source is set.
type SecretCopy struct {
	// Name of the Secret in the namespace of each staging.
	Name string `yaml:"name" json:"name"`
	// An external store, read by External Secrets Operator.
	ExternalSecret *ExternalSecret `yaml:"externalSecret,omitempty" json:"externalSecret,omitempty"`
	// A Secret of another namespace, copied by emberstack's reflector. The original permits it by annotation.
	Reflect *ReflectedSecret `yaml:"reflect,omitempty" json:"reflect,omitempty"`
	// Encrypted values by key, as `kubeseal --raw --scope cluster-wide` prints them.
	Sealed map[string]string `yaml:"sealed,omitempty" json:"sealed,omitempty"`
}

// ExternalSecret is an entry of an external store. Every field of it becomes a key.
type ExternalSecret struct {
	// Name of the ClusterSecretStore.
	Store string `yaml:"store" json:"store"`
	// Path of the entry in the store.
	Key string `yaml:"key" json:"key"`
	// Interval between two reads of the store. Default 1h.
	Refresh Duration `yaml:"refresh,omitempty" json:"refresh,omitempty"`
}

// ReflectedSecret is a Secret of another namespace.
type ReflectedSecret struct {
	// Namespace of the original.
	Namespace string `yaml:"namespace" json:"namespace"`
	// Name of the original. Default the name of the copy.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
}

// added returns the object that brings the Secret into a staging.
func (s SecretCopy) added() staging.AddedObject {
	switch {
	case s.ExternalSecret != nil:
		refresh := cmp.Or(s.ExternalSecret.Refresh, Duration(time.Hour))
		return staging.AddedObject{APIVersion: "external-secrets.io/v1", Kind: "ExternalSecret", Name: s.Name, Spec: map[string]any{
			"refreshInterval": time.Duration(refresh).String(),
			"secretStoreRef":  map[string]any{"kind": "ClusterSecretStore", "name": s.ExternalSecret.Store},
			"target":          map[string]any{"name": s.Name},
			"dataFrom":        []any{map[string]any{"extract": map[string]any{"key": s.ExternalSecret.Key}}},
		}}
	case s.Reflect != nil:
		return staging.AddedObject{APIVersion: "v1", Kind: "Secret", Name: s.Name, Annotations: map[string]string{
			"reflector.v1.k8s.emberstack.com/reflects": s.Reflect.Namespace + "/" + cmp.Or(s.Reflect.Name, s.Name),
		}}
	}
	const wide = "sealedsecrets.bitnami.com/cluster-wide"
	encrypted := map[string]any{}
	for key, value := range s.Sealed {
		encrypted[key] = value
	}
	return staging.AddedObject{APIVersion: "bitnami.com/v1alpha1", Kind: "SealedSecret", Name: s.Name, Annotations: map[string]string{wide: "true"}, Spec: map[string]any{
		"encryptedData": encrypted,
		"template":      map[string]any{"metadata": map[string]any{"name": s.Name, "annotations": map[string]any{wide: "true"}}},
	}}
}
