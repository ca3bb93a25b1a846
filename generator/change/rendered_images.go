package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"octopod/generator/check"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// A change brings more images than the action names: default images, databases, sidecars,
// and those of a template or default that changed before. These functions hold spec.images
// for them, too.

// checksImages reports whether an action needs the registries, if it brings new images.
// Archive and delete run nothing, and a rollback restores images that were checked before.
func (w *Writer) checksImages(p *project.Project, a staging.Action) bool {
	brings := ships(a.Verb) || a.Verb == staging.Restore || a.Verb == staging.Restart
	return w.Images != nil && p.ChecksImages() && !a.NoImageCheck && brings
}

// bringsBuilds reports whether a verb brings builds of CI. Such a deploy checks every image of
// the staging again; other verbs check the images that the committed files do not have.
func bringsBuilds(v staging.Verb) bool {
	return slices.Contains([]staging.Verb{staging.Deploy, staging.Create, staging.Update}, v)
}

// pinDefaults pins the default images of a record to their digests, where octopod.yaml
// pins images. A verb that brings no build pins only the images that differ from before,
// nil for a new staging. unchecked are the images without an entry in digests.
func (w *Writer) pinDefaults(p *project.Project, a staging.Action, before, s *staging.Staging, digests map[string]string) (unchecked []string) {
	if p.Spec.Images.Pin != project.PinDigest || !w.checksImages(p, a) {
		return nil
	}
	for name, service := range s.Spec.Services {
		declared := p.Spec.Services[name].Image
		if service.From != staging.FromDefault || declared == "" || strings.Contains(declared, "@") {
			continue
		}
		if !bringsBuilds(a.Verb) && before != nil && before.Spec.Services[name].Image == service.Image {
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

// uncheckedObjects returns the images of the update's objects without an entry in
// digests. note names the images of the template whose registry the server may not call.
func (w *Writer) uncheckedObjects(ctx context.Context, u update, digests map[string]string) (unchecked []string, note string) {
	if !w.checksImages(u.project, u.action) {
		return nil, ""
	}
	images := check.Images(u.output.objects)
	if !bringsBuilds(u.action.Verb) {
		images = w.newImages(ctx, u.tree, u.project, u.name, images)
	}
	var skipped []string
	for _, image := range images {
		switch {
		case project.CheckImage(image) != nil: // a custom kind calls something else an image
		case !u.project.KnowsRegistry(image):
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

// newImages returns the images that the committed files of a staging do not have. Broken
// files have none: they must not prevent their repair.
func (w *Writer) newImages(ctx context.Context, tree *envrepo.Tree, p *project.Project, name string, images []string) []string {
	if len(images) == 0 {
		return nil
	}
	before, _ := w.CommittedObjects(ctx, tree, p, name)
	known := check.Images(before)
	return slices.DeleteFunc(images, func(image string) bool { return slices.Contains(known, image) })
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
