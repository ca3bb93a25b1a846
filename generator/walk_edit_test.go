package generator_test

import (
	"bytes"
	"fmt"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// edit changes a file of the env repo by hand: octopod.yaml, a template, or the files of
// one staging.
func (w *walker) edit() {
	if len(w.broken) > 0 { // a broken template is repaired before anything else
		w.commitByHand("repair the template", w.broken...)
		w.broken = nil
		return
	}
	switch w.random.IntN(8) {
	case 0, 1:
		next := choose(w.random, walkedLevels...)
		w.replaceByHand(project.File, "default: "+w.level, "default: "+next)
		w.level = next
	case 2:
		next := fmt.Sprintf("d%06x", w.random.Uint32()&0xffffff)
		w.replaceByHand(project.File, w.project().Spec.Services["frontend"].Image, "registry.example.com/shop/frontend:"+next)
	case 3, 4:
		next := choose(w.random, "20m", "30m", "40m")
		w.replaceByHand(w.template(), "cpu: "+w.quote(w.size), "cpu: "+w.quote(next))
		w.size = next
	case 5:
		w.breakByHand()
	case 6:
		w.editStaging()
	default:
		w.follow()
	}
}

// template returns the file of the template that edits change.
func (w *walker) template() string {
	p := w.project()
	if p.Spec.Engine == project.EngineJsonnet {
		return p.Spec.Jsonnet.File
	}
	return p.Spec.Kustomize.Base + "/frontend.yaml"
}

func (w *walker) quote(value string) string {
	if w.project().Spec.Engine == project.EngineJsonnet {
		return "'" + value + "'"
	}
	return value
}

func (w *walker) replaceByHand(path, old, next string) {
	data := w.read(path)
	if !bytes.Contains(data, []byte(old)) {
		w.walk.fatalf("%s has no %q", path, old)
	}
	w.commitByHand(path+": "+next, staging.File{Path: path, Data: bytes.Replace(data, []byte(old), []byte(next), 1)})
}

// follow toggles whether stagings follow the default image of backend.
func (w *walker) follow() {
	const off, on = "    backend:\n", "    backend:\n      follow: true\n"
	if bytes.Contains(w.read(project.File), []byte(on)) {
		w.replaceByHand(project.File, on, off)
		return
	}
	w.replaceByHand(project.File, off, on)
}

// breakByHand commits a template that does not build; the next edit repairs it.
func (w *walker) breakByHand() {
	path := w.template()
	w.broken = []staging.File{{Path: path, Data: w.read(path)}}
	w.commitByHand("break the template", staging.File{Path: path, Data: []byte("{{ broken\n")})
}

// editStaging changes the images in the generated files of a staging, as a git revert does
// that leaves the record.
func (w *walker) editStaging() {
	names := w.names()
	if len(names) == 0 {
		return
	}
	name := choose(w.random, names...)
	var edited []staging.File
	for path, text := range w.withoutRecord(name) {
		edited = append(edited, staging.File{Path: path, Data: []byte(strings.ReplaceAll(text, "shop/frontend:", "shop/frontend:e"))})
	}
	w.edited[name] = true
	w.commitByHand("edit the files of "+name, edited...)
}

func (w *walker) commitByHand(said string, files ...staging.File) {
	w.run(said, func() error {
		w.write(files...)
		return nil
	})
}
