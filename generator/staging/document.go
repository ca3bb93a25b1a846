package staging

// APIVersion and Kind head staging.yaml and every JSON answer.
const (
	APIVersion = "octopod.dev/v1alpha1"
	Kind       = "Staging"
)

// Document is staging.yaml: the record as people and machines exchange it.
type Document struct {
	// Always octopod.dev/v1alpha1.
	APIVersion string `yaml:"apiVersion" json:"apiVersion"`
	// Always Staging.
	Kind     string   `yaml:"kind" json:"kind"`
	Metadata Metadata `yaml:"metadata" json:"metadata"`
	Spec     Spec     `yaml:"spec" json:"spec"`
}

// List is several things as programs read them.
type List[T any] struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Items      []T    `json:"items"`
}

// ListOf heads a list of things of a kind.
func ListOf[T any](kind string, items []T) List[T] {
	if items == nil {
		items = []T{} // [] and never null
	}
	return List[T]{APIVersion: APIVersion, Kind: kind + "List", Items: items}
}

// Metadata names a staging.
type Metadata struct {
	// Name of the staging and of the directory of this file, an RFC 1123 label.
	Name string `yaml:"name" json:"name"`
	// Title of the staging: any text.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
}

// Document gives the record as a document.
func (s Staging) Document() Document {
	return Document{APIVersion: APIVersion, Kind: Kind, Metadata: Metadata{Name: s.Name, Title: s.Title}, Spec: s.Spec}
}

// Staging gives the record that a document holds.
func (d Document) Staging() Staging {
	return Staging{Name: d.Metadata.Name, Title: d.Metadata.Title, Spec: d.Spec}
}
