package render

import (
	"maps"

	"octopod/generator/staging"
)

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
	wave := waveAnnotation(params)
	inside := metadata{Name: "octopod", Namespace: params.Namespace, Labels: params.Labels, Annotations: wave}
	annotations := map[string]string{}
	maps.Copy(annotations, params.Annotations)
	maps.Copy(annotations, wave)
	namespaceLabels := maps.Clone(params.Labels)
	if params.Additions != nil && len(params.Additions.NamespaceLabels) > 0 {
		namespaceLabels = map[string]string{}
		maps.Copy(namespaceLabels, params.Labels)
		maps.Copy(namespaceLabels, params.Additions.NamespaceLabels)
	}
	objects := []any{object{
		APIVersion: "v1", Kind: "Namespace",
		Metadata: metadata{Name: params.Namespace, Labels: namespaceLabels, Annotations: annotations},
	}}
	if len(params.Quota) > 0 {
		objects = append(objects, object{
			APIVersion: "v1", Kind: "ResourceQuota", Metadata: inside,
			Spec: map[string]any{"hard": params.Quota},
		})
	}
	if limits := limitRange(params.Kustomize.Arrangement); limits != nil && !addsLimits(params) {
		objects = append(objects, object{APIVersion: "v1", Kind: "LimitRange", Metadata: inside, Spec: limits})
	}
	objects = append(objects, object{
		APIVersion: "v1", Kind: "ConfigMap", Metadata: inside, Data: configMapData(params),
	})
	objects = append(objects, addedObjects(params)...)
	objects = append(objects, databaseObjects(params)...)
	if migration := params.Kustomize.Arrangement.Migration; migration != nil {
		objects = append(objects, migration)
	}
	return objects
}

// waveAnnotation returns the annotation that puts what Octopod writes before the first
// object of the template; nil where the order of kinds suffices.
func waveAnnotation(params staging.Params) map[string]string {
	if params.Kustomize.Arrangement.Wave == "" {
		return nil
	}
	return map[string]string{syncWave: params.Kustomize.Arrangement.Wave}
}

// limitRange returns the spec of the LimitRange; nil if every container has the requests
// and limits that the quota counts.
func limitRange(a staging.Arrangement) any {
	if len(a.Requests)+len(a.Limits) == 0 {
		return nil
	}
	limit := map[string]any{"type": "Container"}
	if len(a.Requests) > 0 {
		limit["defaultRequest"] = a.Requests
	}
	if len(a.Limits) > 0 {
		limit["default"] = a.Limits
	}
	return map[string]any{"limits": []any{limit}}
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
	for _, f := range params.Kustomize.Fields {
		data[settingKey(f.Setting)] = f.Value
	}
	return data
}
