package staging

// APIVersion and Kind are the first fields of staging.yaml and of its JSON form.
const (
	APIVersion = "octopod.dev/v1alpha1"
	Kind       = "Staging"
)

// Document is staging.yaml: the record of a staging in YAML or JSON.
type Document struct {
	// Always octopod.dev/v1alpha1.
	APIVersion string `yaml:"apiVersion" json:"apiVersion"`
	// Always Staging.
	Kind     string   `yaml:"kind" json:"kind"`
	Metadata Metadata `yaml:"metadata" json:"metadata"`
	Spec     Spec     `yaml:"spec" json:"spec"`
}

// List is a list of items in JSON.
type List[T any] struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Items      []T    `json:"items"`
}

// ListOf returns a List of items of a kind.
func ListOf[T any](kind string, items []T) List[T] {
	if items == nil {
		items = []T{} // so that JSON has [] and not null
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

// Document returns the record as a document.
func (s Staging) Document() Document {
	return Document{APIVersion: APIVersion, Kind: Kind, Metadata: Metadata{Name: s.Name, Title: s.Title}, Spec: s.Spec}
}

// Staging returns the record in a document.
func (d Document) Staging() Staging {
	return Staging{Name: d.Metadata.Name, Title: d.Metadata.Title, Spec: d.Spec}
}
