package render

import (
	"maps"
	"slices"

	"octopod/generator/staging"
)

// addedObjects returns the objects that octopod.yaml adds to the template.
func addedObjects(params staging.Params) []any {
	if params.Additions == nil {
		return nil
	}
	var objects []any
	for _, o := range params.Additions.Wanted {
		annotations := fields{}
		for key, value := range waveAnnotation(params) {
			annotations[key] = value
		}
		for key, value := range o.Annotations {
			annotations[key] = value
		}
		added := fields{"apiVersion": o.APIVersion, "kind": o.Kind, "metadata": ownMetadata(params, o.Name, annotations)}
		if o.Spec != nil {
			added["spec"] = o.Spec
		}
		if len(o.Data) > 0 {
			added["data"] = o.Data
		}
		objects = append(objects, added)
	}
	return objects
}

// AddedNames returns kind and name of the objects that octopod.yaml adds to the template.
func AddedNames(params staging.Params) []string {
	var names []string
	if params.Additions != nil {
		for _, o := range params.Additions.Wanted {
			names = append(names, o.String())
		}
	}
	return names
}

// addsLimits reports whether octopod.yaml adds a LimitRange, which replaces that of the quota.
func addsLimits(params staging.Params) bool {
	return params.Additions != nil && slices.ContainsFunc(params.Additions.Wanted, func(o staging.AddedObject) bool { return o.Kind == "LimitRange" })
}

// ingressPatches sets the annotations that octopod.yaml wants on every Ingress.
func ingressPatches(params staging.Params) ([]overlayPatch, error) {
	if params.Additions == nil {
		return nil, nil
	}
	var all []overlayPatch
	for _, key := range slices.Sorted(maps.Keys(params.Additions.IngressAnnotations)) {
		patch, err := annotationPatch(staging.Annotated{Kind: "Ingress", Value: params.Additions.IngressAnnotations[key]}, key)
		if err != nil {
			return nil, err
		}
		all = append(all, patch)
	}
	return all, nil
}
