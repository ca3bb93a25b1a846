package staging

// Params is everything a template is given. Pure code computes it from the
// project and the record; an engine only writes it down. The JSON form is the
// argument of a jsonnet template and is part of Octopod's public contract.
type Params struct {
	Project   string `json:"project"`
	Name      string `json:"name"`
	Branch    string `json:"branch"`
	State     State  `json:"state"`
	Namespace string `json:"namespace"`

	Services   map[string]ServiceParams `json:"services"`
	App        map[string]string        `json:"app"`        // effective app settings: what the application reads
	Secrets    map[string]SecretKey     `json:"secrets"`    // app settings that name a key of a Secret in the cluster
	Absent     []string                 `json:"absent"`     // app settings that were removed on purpose, sorted
	Deployment map[string]any           `json:"deployment"` // effective deployment settings, by parameter name

	Labels      map[string]string `json:"labels"`      // for every object, never for selectors
	Annotations map[string]string `json:"annotations"` // for the Namespace
	Quota       map[string]string `json:"quota"`       // ResourceQuota spec.hard; empty means none

	Restarts int `json:"restarts,omitempty"` // how often the staging was restarted: pods carry it as a label

	Asleep []ArchiveFix `json:"asleep"` // how objects sleep; empty while the staging is active

	Kustomize KustomizeParams `json:"-"` // the same settings as directions for a kustomize overlay
}

// ServiceParams is one service as a template sees it.
type ServiceParams struct {
	Image      string `json:"image"`      // full reference
	Repository string `json:"repository"` // "" when unknown
	Commit     string `json:"commit"`     // "" when unknown
	From       Origin `json:"from"`
	Host       string `json:"host"` // "" for a service that is not reached from outside
	URL        string `json:"url"`  // "" likewise
}

// SecretKey names one key of a Secret; the shape of Kubernetes' secretKeyRef.
type SecretKey struct {
	Name string `json:"name" yaml:"name"`
	Key  string `json:"key" yaml:"key"`
}

// KustomizeParams says what an overlay does beyond naming its base.
type KustomizeParams struct {
	Base       string     // directory of the base, from the env repo's root
	Components []string   // directories from the root, in order
	ConfigMap  string     // ConfigMap of the base that app settings are merged into
	Images     []Image    // sorted by name
	Replicas   []Replicas // sorted by workload; empty when archived
	Patches    []Patch    // in the order of application
}

// Image replaces an image of the base: Name is what the base writes, Reference what runs.
type Image struct {
	Name      string
	Reference string // registry.example.com/shop/backend:1f2e3d4 or …@sha256:…
}

// Replicas sets the count of a workload.
type Replicas struct {
	Workload string
	Count    int
}

// Patch is one JSON 6902 operation on the objects that match.
type Patch struct {
	Kind    string // "" matches any kind
	Name    string // "" matches any name
	Op      string // add, replace or remove
	Pointer string // RFC 6901
	Value   any    // ignored by remove
}

// ArchiveFix puts one kind of object to sleep: a value at a pointer, or removal of the object.
type ArchiveFix struct {
	Kind    string `json:"kind"`
	Pointer string `json:"pointer"` // RFC 6901; "" removes the object
	Value   any    `json:"value"`
}
