package render

import "octopod/generator/staging"

type metadata struct {
	Name        string            `yaml:"name"`
	Namespace   string            `yaml:"namespace,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

type object struct {
	APIVersion string            `yaml:"apiVersion"`
	Kind       string            `yaml:"kind"`
	Metadata   metadata          `yaml:"metadata"`
	Spec       any               `yaml:"spec,omitempty"`
	Data       map[string]string `yaml:"data,omitempty"`
}

// stagingObjects returns the objects that every staging has in addition to its base.
func stagingObjects(params staging.Params) []any {
	inside := metadata{Name: "octopod", Namespace: params.Namespace, Labels: params.Labels}
	objects := []any{object{
		APIVersion: "v1", Kind: "Namespace",
		Metadata: metadata{Name: params.Namespace, Labels: params.Labels, Annotations: params.Annotations},
	}}
	if len(params.Quota) > 0 {
		objects = append(objects, object{
			APIVersion: "v1", Kind: "ResourceQuota", Metadata: inside,
			Spec: map[string]any{"hard": params.Quota},
		})
	}
	return append(objects, object{
		APIVersion: "v1", Kind: "ConfigMap", Metadata: inside, Data: configMapData(params),
	})
}

// configMapData returns the data of the ConfigMap octopod, for replacements of a
// component and environment variables of a container. It has no host and URL for a
// service without an ingress.
func configMapData(params staging.Params) map[string]string {
	data := map[string]string{
		"project":   params.Project,
		"name":      params.Name,
		"namespace": params.Namespace,
		"branch":    params.Branch,
	}
	for name, service := range params.Services {
		data["image-"+name] = service.Image
		data["commit-"+name] = service.Commit
		if service.Host != "" {
			data["host-"+name] = service.Host
			data["url-"+name] = service.URL
		}
	}
	return data
}
