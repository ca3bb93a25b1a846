package project

import (
	"cmp"
	"fmt"
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

// checkSecrets validates the Secrets that every staging gets.
func (p *Project) checkSecrets(c *problems) {
	names := map[string]bool{}
	for i, s := range p.Spec.Secrets {
		field := fmt.Sprintf("spec.secrets[%d]", i)
		if !secretReference.MatchString(s.Name + "/key") {
			c.add(field+".name", "%q is not the name of a Secret", s.Name)
		}
		if names[s.Name] {
			c.add(field+".name", "%q is given twice", s.Name)
		}
		names[s.Name] = true
		if s.Name == DatabaseSecret && p.Spec.Database.Kind.IsManaged() {
			c.add(field+".name", "%q is the Secret of the database, which its Job makes", s.Name)
		}
		s.checkSource(c, field)
	}
}

func (s SecretCopy) checkSource(c *problems, field string) {
	sources := 0
	for _, set := range []bool{s.ExternalSecret != nil, s.Reflect != nil, len(s.Sealed) > 0} {
		if set {
			sources++
		}
	}
	switch {
	case sources != 1:
		c.add(field, "needs one source: set one of externalSecret, reflect, sealed")
	case s.ExternalSecret != nil && (s.ExternalSecret.Store == "" || s.ExternalSecret.Key == ""):
		c.add(field+".externalSecret", "needs store and key")
	case s.Reflect != nil && !staging.IsLabel(s.Reflect.Namespace):
		c.add(field+".reflect.namespace", "%q is not the name of a namespace", s.Reflect.Namespace)
	}
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
