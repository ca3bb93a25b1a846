package main

import (
	"cmp"
	"debug/buildinfo"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// billOfMaterials writes what a program was linked from, as CycloneDX JSON. The linker
// records the modules in the program itself, so nothing else can disagree with it.
func (r *release) billOfMaterials(binary string, t target) (err error) {
	build, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	components := []cdx.Component{{Type: cdx.ComponentTypeLibrary, Name: "std", Version: strings.TrimPrefix(build.GoVersion, "go"), PackageURL: "pkg:golang/std@" + build.GoVersion}}
	for _, module := range build.Deps {
		used := cmp.Or(module.Replace, module)
		components = append(components, cdx.Component{
			Type: cdx.ComponentTypeLibrary, Name: used.Path, Version: used.Version,
			PackageURL: "pkg:golang/" + used.Path + "@" + used.Version,
		})
	}
	slices.SortFunc(components, func(a, b cdx.Component) int { return strings.Compare(a.PackageURL, b.PackageURL) })
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: r.committed.Format("2006-01-02T15:04:05Z"),
		Component: &cdx.Component{Type: cdx.ComponentTypeApplication, Name: "octopod", Version: r.version, PackageURL: "pkg:golang/" + r.repository + "@" + r.version},
	}
	bom.Components = &components
	out, err := os.Create(filepath.Join(r.out, r.baseName(t)+".cdx.json"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}
