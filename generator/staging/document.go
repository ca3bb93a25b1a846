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

// Metadata names a staging.
type Metadata struct {
	// RFC 1123 label: the name of the directory the file lies in.
	Name string `yaml:"name" json:"name"`
	// Free text for people.
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
