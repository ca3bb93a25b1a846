package staging

// Additions are what octopod.yaml adds to the template of every staging.
type Additions struct {
	NamespaceLabels    map[string]string `json:"namespaceLabels"`
	IngressAnnotations map[string]string `json:"ingressAnnotations"`
	Objects            []any             `json:"objects"` // Wanted, as objects of Kubernetes

	Wanted []AddedObject `json:"-"`
}

// AddedObject is an object that Octopod adds to every staging.
type AddedObject struct {
	APIVersion, Kind, Name string
	Annotations            map[string]string
	Spec                   any               // nil without one
	Data                   map[string]string // of a ConfigMap
}

// String returns kind and name: NetworkPolicy/octopod.
func (o AddedObject) String() string { return o.Kind + "/" + o.Name }
