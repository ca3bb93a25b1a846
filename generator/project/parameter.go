package project

import "slices"

// Scope is the set of overrides of a staging that a parameter belongs to.
type Scope string

// The scopes.
const (
	ScopeApp        Scope = "app"        // the application reads it
	ScopeDeployment Scope = "deployment" // the template reads it
)

// Type is the type of the values of a parameter.
type Type string

// The types.
const (
	TypeString  Type = "string"
	TypeInteger Type = "integer"
	TypeBoolean Type = "boolean"
	TypeEnum    Type = "enum"
	TypeSecret  Type = "secret-reference" // a reference to a key of a Secret in the cluster: stripe/api-key

	// Records hold the values of these types as text, since YAML tools change decimals.
	TypeDecimal  Type = "decimal"  // 0.5
	TypeList     Type = "list"     // de,fr
	TypeDuration Type = "duration" // 90s, 36h, 14d
)

// Parameter declares a setting that stagings may override.
type Parameter struct {
	// Scope: app (default) or deployment.
	Scope Scope `yaml:"scope,omitempty" json:"scope,omitempty" jsonschema:"enum=app,enum=deployment"`
	// Type: string (default), integer, decimal, boolean, enum, list (items with commas between
	// them), duration (90s, 36h or 14d) or secret-reference. A template and a chart get a decimal as
	// a number and a list as a list, the application gets text.
	Type Type `yaml:"type,omitempty" json:"type,omitempty" jsonschema:"enum=string,enum=integer,enum=decimal,enum=boolean,enum=enum,enum=list,enum=duration,enum=secret-reference"`
	// Value of stagings that do not set the parameter. Text may contain {project}, {name},
	// {namespace}, {branch}, {host.<service>} and {url.<service>}. Absent: the template decides.
	Default any `yaml:"default,omitempty" json:"default,omitempty"`
	// Whether every active staging must set the parameter, directly or by a preset. Not with a default.
	Required bool `yaml:"required,omitempty" json:"required,omitempty"`
	// Values of other parameters under which this one applies: {PAYMENT_GATEWAY: [production]}. Otherwise
	// it is neither shown nor deployed. Absent: always.
	When map[string][]any `yaml:"when,omitempty" json:"when,omitempty"`
	// Values of an enum, or allowed values of another type; of a list, its allowed items.
	Allowed []any `yaml:"allowed,omitempty" json:"allowed,omitempty"`
	// Minimum of an integer or a decimal.
	Min *int `yaml:"min,omitempty" json:"min,omitempty"`
	// Maximum of an integer or a decimal.
	Max *int `yaml:"max,omitempty" json:"max,omitempty"`
	// Regular expression (RE2) that a whole string must match, or each item of a list.
	Pattern string `yaml:"pattern,omitempty" json:"pattern,omitempty"`
	// Values that need care, such as production: the web UI shows them in red and first.
	Risky []any `yaml:"risky,omitempty" json:"risky,omitempty"`
	// Requirements of single values, by value: a role, a reason, a term, a badge.
	Values map[string]ValueRule `yaml:"values,omitempty" json:"values,omitempty"`
	// Name of the parameter for people, such as Payment provider. Default the name of the parameter.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
	// Description in one sentence, for the user who sets the parameter.
	Help string `yaml:"help,omitempty" json:"help,omitempty"`
	// Heading of the parameter in the web UI.
	Group string `yaml:"group,omitempty" json:"group,omitempty"`
	// Role required to change the parameter. Default user.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=viewer,enum=user,enum=admin"`
	// Target of the value. Absent: env for scope app, only params for scope deployment.
	To Target `yaml:"to,omitempty" json:"to,omitzero"`
	// More targets of the same value.
	Also []Target `yaml:"also,omitempty" json:"also,omitempty"`
}

// targets returns every target of the value.
func (p Parameter) targets() []Target { return append([]Target{p.To}, p.Also...) }

// goesTo reports whether any target of the value is of a kind.
func (p Parameter) goesTo(kind func(Target) bool) bool { return slices.ContainsFunc(p.targets(), kind) }

func (t Target) isReplicas() bool { return t.Replicas != "" }

// Target is the place of a value in a kustomize overlay. At most one field is set. A
// jsonnet template reads values from its params and needs no target.
type Target struct {
	// Key in the app's ConfigMap. Default the name of the parameter.
	Env string `yaml:"env,omitempty" json:"env,omitempty"`
	// Name of an image in the template. The value, a full image reference, replaces it.
	Image string `yaml:"image,omitempty" json:"image,omitempty"`
	// Workload that gets the value as its replica count.
	Replicas string `yaml:"replicas,omitempty" json:"replicas,omitempty"`
	// Component for each allowed value: a directory from the root, or "" for none.
	Component map[string]string `yaml:"component,omitempty" json:"component,omitempty"`
	// Field of rendered objects that gets the value.
	Patch *PatchTarget `yaml:"patch,omitempty" json:"patch,omitempty"`
	// Path in the values of a Helm chart: ingress.hosts[0].host.
	Value string `yaml:"value,omitempty" json:"value,omitempty"`
	// With value and several charts: path of the chart. Default the first chart.
	Chart string `yaml:"chart,omitempty" json:"chart,omitempty"`
}

// PatchTarget is a field of rendered objects.
type PatchTarget struct {
	Kind string `yaml:"kind" json:"kind"`
	// Name of the object. Absent: every object of the kind.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// RFC 6901 pointer to the field to add or replace.
	Pointer string `yaml:"pointer,omitempty" json:"pointer,omitempty"`
	// Path to a text field that exists, with names in place of positions, instead of pointer: spec.template.spec.containers.[name=web].env.[name=LOG_LEVEL].value.
	Field string `yaml:"field,omitempty" json:"field,omitempty"`
}

// isEnv reports whether the value is a literal of the app's ConfigMap.
func (t Target) isEnv() bool {
	return t.Image == "" && t.Replicas == "" && t.Component == nil && t.Patch == nil && t.Value == ""
}

// count returns how many fields are set.
func (t Target) count() int {
	n := 0
	for _, set := range []bool{t.Env != "", t.Image != "", t.Replicas != "", t.Component != nil, t.Patch != nil, t.Value != ""} {
		if set {
			n++
		}
	}
	return n
}
