package project

// Scope says which of a staging's two sets of overrides a parameter belongs to.
type Scope string

// The scopes.
const (
	ScopeApp        Scope = "app"        // what the application reads
	ScopeDeployment Scope = "deployment" // how it is deployed
)

// Type of a parameter's values.
type Type string

// The types.
const (
	TypeString  Type = "string"
	TypeInteger Type = "integer"
	TypeBoolean Type = "boolean"
	TypeEnum    Type = "enum"
	TypeSecret  Type = "secret-reference" // names a key of a Secret in the cluster: stripe/api-key
)

// Parameter declares what may be overridden on a staging.
type Parameter struct {
	// app (default) or deployment.
	Scope Scope `yaml:"scope,omitempty" json:"scope,omitempty" jsonschema:"enum=app,enum=deployment"`
	// string (default), integer, boolean, enum or secret-reference.
	Type Type `yaml:"type,omitempty" json:"type,omitempty" jsonschema:"enum=string,enum=integer,enum=boolean,enum=enum,enum=secret-reference"`
	// Value where a staging sets none. Absent: the template decides.
	Default any `yaml:"default,omitempty" json:"default,omitempty"`
	// The values of an enum, or the only ones a string, integer or secret-reference may have.
	Allowed []any `yaml:"allowed,omitempty" json:"allowed,omitempty"`
	// Least integer.
	Min *int `yaml:"min,omitempty" json:"min,omitempty"`
	// Greatest integer.
	Max *int `yaml:"max,omitempty" json:"max,omitempty"`
	// Regular expression (RE2) that a whole string must match.
	Pattern string `yaml:"pattern,omitempty" json:"pattern,omitempty"`
	// One sentence for the person who sets it.
	Help string `yaml:"help,omitempty" json:"help,omitempty"`
	// Heading under which it is shown.
	Group string `yaml:"group,omitempty" json:"group,omitempty"`
	// Least role that may change it. Default user.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=viewer,enum=user,enum=admin"`
	// Where the value goes. Absent: env for scope app, params alone for scope deployment.
	To Target `yaml:"to,omitempty" json:"to,omitzero"`
}

// Target says where a value goes in a kustomize overlay; at most one field is set.
// A jsonnet template finds every value in its params and needs none.
type Target struct {
	// Key in the app's ConfigMap, where it differs from the parameter's name.
	Env string `yaml:"env,omitempty" json:"env,omitempty"`
	// Image name of the template that is replaced by the value, a full reference.
	Image string `yaml:"image,omitempty" json:"image,omitempty"`
	// Workload whose count the value is.
	Replicas string `yaml:"replicas,omitempty" json:"replicas,omitempty"`
	// Component directory (from the root) for each allowed value; "" for none.
	Component map[string]string `yaml:"component,omitempty" json:"component,omitempty"`
	// Place in rendered objects that the value replaces.
	Patch *PatchTarget `yaml:"patch,omitempty" json:"patch,omitempty"`
}

// PatchTarget is a place in rendered objects.
type PatchTarget struct {
	Kind string `yaml:"kind" json:"kind"`
	// Absent: every object of the kind.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// RFC 6901 pointer; the value there is added or replaced.
	Pointer string `yaml:"pointer" json:"pointer"`
}

// isEnv tells whether the value is a literal of the app's ConfigMap.
func (t Target) isEnv() bool {
	return t.Image == "" && t.Replicas == "" && t.Component == nil && t.Patch == nil
}

// targets counts the fields that are set.
func (t Target) targets() int {
	n := 0
	for _, set := range []bool{t.Env != "", t.Image != "", t.Replicas != "", t.Component != nil, t.Patch != nil} {
		if set {
			n++
		}
	}
	return n
}
