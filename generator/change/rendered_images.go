package change

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/check"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// A deploy brings more images than the action names: default images, databases,
// sidecars. These functions hold spec.images for them, too.

// checksImages reports whether an action needs the registries.
func (w *Writer) checksImages(p *project.Project, a staging.Action) bool {
	deploys := slices.Contains([]staging.Verb{staging.Deploy, staging.Create, staging.Update}, a.Verb)
	return w.Images != nil && p.ChecksImages() && !a.NoImageCheck && deploys
}

// pinDefaults pins the default images of a record to their digests, where octopod.yaml
// pins images. unchecked are the images without an entry in digests.
func (w *Writer) pinDefaults(p *project.Project, a staging.Action, s *staging.Staging, digests map[string]string) (unchecked []string) {
	if p.Spec.Images.Pin != project.PinDigest || !w.checksImages(p, a) {
		return nil
	}
	for name, service := range s.Spec.Services {
		declared := p.Spec.Services[name].Image
		if service.From != staging.FromDefault || declared == "" || strings.Contains(declared, "@") {
			continue
		}
		digest, checked := digests[declared]
		if !checked {
			unchecked = append(unchecked, declared)
			continue
		}
		service.Image = declared + "@" + digest
		s.Spec.Services[name] = service
	}
	slices.Sort(unchecked)
	return slices.Compact(unchecked)
}

// uncheckedObjects returns the images of the rendered objects without an entry in
// digests. note names the images of the template whose registry the server may not call.
func (w *Writer) uncheckedObjects(p *project.Project, a staging.Action, objects []staging.Object, digests map[string]string) (unchecked []string, note string) {
	if !w.checksImages(p, a) {
		return nil, ""
	}
	var skipped []string
	for _, image := range check.Images(objects) {
		switch {
		case project.CheckImage(image) != nil: // a custom kind calls something else an image
		case !p.KnowsRegistry(image):
			skipped = append(skipped, image)
		case !isChecked(image, digests):
			unchecked = append(unchecked, image)
		}
	}
	if len(skipped) > 0 {
		note = fmt.Sprintf("not checked, because spec.images.registries does not list the registry: %s", strings.Join(skipped, ", "))
	}
	return unchecked, note
}

// isChecked reports whether the registry has an image, according to the digests so far.
func isChecked(image string, digests map[string]string) bool {
	tagged, digest, _ := strings.Cut(image, "@")
	found, checked := digests[tagged]
	if _, asked := digests[image]; asked {
		return true
	}
	return checked && (digest == "" || digest == found)
}
