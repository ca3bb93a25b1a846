package staging

// Params is the input of a template, computed from the project and the record. The
// JSON form is the argument of a jsonnet template and part of Octopod's public
// contract.
type Params struct {
	Project   string `json:"project"`
	Name      string `json:"name"`
	Branch    string `json:"branch"`
	State     State  `json:"state"`
	Namespace string `json:"namespace"`

	Services   map[string]ServiceParams `json:"services"`
	App        map[string]string        `json:"app"`        // effective settings of scope app: the application reads them
	Secrets    map[string]SecretKey     `json:"secrets"`    // app settings that reference a key of a Secret in the cluster
	Absent     []string                 `json:"absent"`     // removed app settings, sorted
	Deployment map[string]any           `json:"deployment"` // effective settings of scope deployment

	Labels      map[string]string `json:"labels"`      // of every object, but not of selectors
	Annotations map[string]string `json:"annotations"` // of the Namespace
	Quota       map[string]string `json:"quota"`       // ResourceQuota spec.hard; empty means none

	Restarts int `json:"restarts,omitempty"` // number of restarts, a label of every pod

	Database *DatabaseParams `json:"database,omitempty"` // nil where Octopod keeps no database

	Additions *Additions `json:"additions,omitempty"` // nil where octopod.yaml adds nothing to the template

	Asleep []ArchiveFix `json:"asleep"` // how to archive objects; empty while the staging is active

	Kustomize KustomizeParams `json:"-"` // the same settings for a kustomize overlay
}

// ServiceParams is one service in the params of a template.
type ServiceParams struct {
	Image      string `json:"image"`      // full reference
	Repository string `json:"repository"` // "" when unknown
	Commit     string `json:"commit"`     // "" when unknown
	From       Origin `json:"from"`
	Host       string `json:"host"` // "" for an internal service
	URL        string `json:"url"`  // "" likewise
}

// SecretKey references one key of a Secret, like a secretKeyRef of Kubernetes.
type SecretKey struct {
	Name string `json:"name" yaml:"name"`
	Key  string `json:"key" yaml:"key"`
}

// DatabaseParams is the database of a staging in the params of a template.
type DatabaseParams struct {
	Name       string         `json:"name"`
	Secret     string         `json:"secret"`            // with the credentials, made in the cluster
	Generation int            `json:"generation"`        // a label of every pod
	Migrate    *MigrateParams `json:"migrate,omitempty"` // nil without a migration, and while nothing runs
	Objects    []any          `json:"objects"`           // what Octopod adds to the template

	Shared *SharedDatabase `json:"-"` // of kind shared-postgres
}

// MigrateParams is the migration that runs before each new version.
type MigrateParams struct {
	Service string   `json:"service"`
	Image   string   `json:"image"` // of the service
	Command []string `json:"command"`
}

// SharedDatabase is what the Job of a database on a shared server needs.
type SharedDatabase struct {
	Image       string
	Host        string
	Port        int
	AdminSecret string
	Arguments   []string // of octopod
}

// KustomizeParams is the content of a kustomize overlay.
type KustomizeParams struct {
	Base       string       // directory of the base, relative to the root of the env repo; "" without one
	Components []string     // directories relative to the root, in order
	ConfigMap  string       // ConfigMap of the base that receives the app settings
	Images     []Image      // sorted by name
	Replicas   []Replicas   // sorted by workload; empty when archived
	Patches    []Patch      // in the order of application
	Fields     []FieldValue // sorted by setting
	Charts     []Chart      // Helm charts, rendered into the directory of the staging

	Arrangement Arrangement
}

// Arrangement is what the rendered objects of a staging need beside the template, so that
// Argo CD can apply them in order, and again with every change.
type Arrangement struct {
	Wave       string            // sync wave of the objects that Octopod writes; "" means the default
	Settings   bool              // the ConfigMap of the app settings goes into that wave, too
	Requests   map[string]string // defaults of containers without them, because the quota counts them
	Limits     map[string]string // likewise
	ServerSide []Annotated       // objects that are too large for a client-side apply
	Migration  any               // Job of the migration; nil without one
	Ended      []string          // Jobs of the template that must not run during a teardown
}

// Annotated is an object and the value of an annotation for it.
type Annotated struct {
	Kind  string
	Name  string
	Value string
}

// Image replaces an image: Name is the image in the base, Reference its replacement.
type Image struct {
	Name      string
	Reference string // registry.example.com/shop/backend:1f2e3d4 or …@sha256:…
}

// Replicas sets the number of replicas of a workload.
type Replicas struct {
	Workload string
	Count    int
}

// Patch is one RFC 6902 operation on all matching objects.
type Patch struct {
	Kind    string // "" matches any kind
	Name    string // "" matches any name
	Op      string // add, replace or remove
	Pointer string // RFC 6901
	Value   any    // ignored by remove
}

// FieldValue sets a text field of all matching objects. Its path names the elements of
// lists by a key, so it stays right when a list grows.
type FieldValue struct {
	Setting string // name of the parameter
	Kind    string
	Name    string // "" matches any name
	Field   string // spec.template.spec.containers.[name=web].env.[name=LOG_LEVEL].value
	Value   string
}

// ArchiveFix archives one kind of object: it sets the value at a pointer, or removes the object.
type ArchiveFix struct {
	Kind    string `json:"kind"`
	Pointer string `json:"pointer"` // RFC 6901; "" removes the object
	Value   any    `json:"value"`
}
