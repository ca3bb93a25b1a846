package check

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/staging"
)

// Images returns the images of rendered objects, sorted: init and ephemeral containers
// and custom kinds included.
func Images(objects []staging.Object) []string {
	var images []string
	for _, o := range objects {
		decode(o).images(func(image string) { images = append(images, image) })
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// checkImages implements the rule image-unused: a workload must use every image of
// the staging.
func checkImages(c check, objects []*object) {
	if c.subject.State == staging.Deleting || c.subject.State == staging.Archived { // which has no Jobs, DaemonSets and Pods
		return
	}
	used := map[string]*object{}
	for _, o := range objects {
		o.images(func(image string) {
			if used[image] == nil {
				used[image] = o
			}
		})
	}
	for _, service := range sortedKeys(c.subject.Images) {
		image := c.subject.Images[service]
		if image == "" || used[image] != nil || c.allowed("", service, "") {
			continue
		}
		c.reject(field.NewPath("spec", "services").Child(service, "image"), "no workload uses %s; %s", image, closestWorkload(image, used))
	}
}

// images visits every image of an object; in a custom kind these are the fields
// whose name is image or ends in Image.
func (o *object) images(visit func(string)) {
	for _, pod := range o.pods {
		for _, ctr := range pod.containers() {
			visit(ctr.Image)
		}
	}
	if o.raw != nil {
		rawImages(o.raw, visit)
	}
}

func rawImages(value any, visit func(string)) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			rawImages(item, visit)
		}
	case map[string]any:
		for _, key := range sortedKeys(v) {
			image, isText := v[key].(string)
			if isText && (key == "image" || strings.HasSuffix(key, "Image") || key == "imageName") {
				visit(image)
			}
			rawImages(v[key], visit)
		}
	}
}

// closestWorkload describes the workload with the same image name in another version
// or registry, or else all images in use.
func closestWorkload(image string, used map[string]*object) string {
	for _, other := range sortedKeys(used) {
		if imageName(other) == imageName(image) {
			return used[other].String() + " runs " + other + ": set templateImage of the service to the image in the template"
		}
	}
	if len(used) == 0 {
		return "the template renders no workload"
	}
	return "the workloads run " + join(sortedKeys(used))
}

// imageName returns the last part of an image's name: registry/shop/backend:1 → backend.
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	image = image[strings.LastIndexByte(image, '/')+1:]
	name, _, _ := strings.Cut(image, ":")
	return name
}
