package staging

// Object is one rendered Kubernetes object.
type Object struct {
	APIVersion string
	Kind       string
	Namespace  string // "" for cluster-scoped objects, and where a template left it out
	Name       string
	JSON       []byte // canonical: keys sorted, no insignificant space
}

// String names an object the way kubectl does: Deployment/backend.
func (o Object) String() string { return o.Kind + "/" + o.Name }

// File is one file of the env repo, by its slash-separated path from the root.
type File struct {
	Path string
	Data []byte
}
