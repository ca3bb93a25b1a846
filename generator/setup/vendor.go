package setup

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	udiff "github.com/aymanbagabas/go-udiff"
	"gopkg.in/yaml.v3"

	"octopod/generator/envrepo"
	"octopod/generator/helm"
	"octopod/generator/project/adopt"
	"octopod/generator/registry"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Charts downloads packed Helm charts.
type Charts interface {
	Chart(ctx context.Context, address, version string) (registry.Chart, error)
	ChartIn(ctx context.Context, repository, chart, version string) (registry.Chart, error)
}

// VendorRequest names a chart to copy into the env repo.
type VendorRequest struct {
	Source  string // oci://… or https://…/web-1.2.3.tgz; with Chart, a repository of charts
	Chart   string // name in the repository
	Version string // of a chart in an OCI registry or a repository; may be part of Source
	By      rights.Actor
	DryRun  bool
}

// VendorResult is the chart in the env repo.
type VendorResult struct {
	Path     string             `json:"path"`
	Version  string             `json:"version"`
	Digest   string             `json:"digest"`
	Changed  bool               `json:"changed"`
	Revision string             `json:"revision,omitempty"`
	Plan     []staging.PlanItem `json:"plan"`
	Diff     string             `json:"diff,omitempty"` // of the text files
}

// vendored is a downloaded chart with its dependencies.
type vendored struct {
	Name         string       `yaml:"-"`
	Source       string       `yaml:"source"`
	Version      string       `yaml:"version"`
	Digest       string       `yaml:"digest"`
	Dependencies []dependency `yaml:"dependencies,omitempty"`

	files []staging.File // by their paths in the chart
}

// dependency is a chart that was downloaded for another one.
type dependency struct {
	Path   string `yaml:"path"` // in the chart
	Source string `yaml:"source"`
	Digest string `yaml:"digest"`
}

// Vendor copies a chart and the charts that it depends on into charts/<name>, in one commit,
// in place of an earlier version. charts/<name>.lock.yaml records source and digest.
func (s *Setup) Vendor(ctx context.Context, charts Charts, r VendorRequest) (VendorResult, error) {
	packed, err := r.download(ctx, charts)
	if err != nil {
		return VendorResult{}, err
	}
	v, err := unpack(packed)
	if err != nil {
		return VendorResult{}, err
	}
	if err := v.addDependencies(ctx, charts, "", 0); err != nil {
		return VendorResult{}, err
	}
	write, err := v.layout()
	if err != nil {
		return VendorResult{}, err
	}
	result := VendorResult{Path: adopt.ChartDir(v.Name), Version: v.Version, Digest: v.Digest}
	done, err := s.Commit(ctx, r.DryRun, func(_ context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		edit := envrepo.Edit{
			Verb: "vendor", Staging: v.Name, Subject: v.Version, Body: v.Source + "\n" + v.Digest,
			By: r.By.Person, Via: r.By.Via, Request: r.By.Request, Write: write,
		}
		var err error
		if edit.Remove, err = outdated(tree, result.Path, write); err != nil {
			return edit, err
		}
		if result.Plan, err = edit.Plan(tree); err != nil {
			return edit, err
		}
		result.Diff = textDiff(tree, result.Plan, write)
		return edit, nil
	})
	result.Changed, result.Revision = done.Changed && !r.DryRun, done.Revision
	return result, err
}

// download returns the chart of a request.
func (r VendorRequest) download(ctx context.Context, charts Charts) (registry.Chart, error) {
	switch {
	case r.Chart == "":
		return charts.Chart(ctx, r.Source, r.Version)
	case r.Version == "":
		return registry.Chart{}, staging.Errorf(staging.CodeInvalid, "no version of chart %s is given", r.Chart).
			WithTechnicalHint("add --version: a repository has many versions, and the env repo holds one")
	}
	return charts.ChartIn(ctx, r.Source, r.Chart, r.Version)
}

// unpack reads a packed chart.
func unpack(packed registry.Chart) (vendored, error) {
	v := vendored{Source: packed.Source, Digest: packed.Digest}
	var err error
	if v.files, err = helm.Unpack(packed.Archive); err != nil {
		return v, err
	}
	var head struct{ Name, Version string }
	if err := yaml.Unmarshal(v.read("Chart.yaml"), &head); err != nil || !staging.IsLabel(head.Name) {
		return v, staging.Errorf(staging.CodeInvalid, "%s: Chart.yaml has no usable name: %q", packed.Source, head.Name)
	}
	v.Name, v.Version = head.Name, head.Version
	return v, nil
}

func (v *vendored) read(name string) []byte {
	for _, f := range v.files {
		if f.Path == name {
			return f.Data
		}
	}
	return nil
}

// maxDependencyDepth limits charts that depend on each other.
const maxDependencyDepth = 5

// addDependencies downloads the charts that the chart in a directory depends on and that
// charts/ lacks, in the versions of Chart.lock.
func (v *vendored) addDependencies(ctx context.Context, charts Charts, dir string, depth int) error {
	if depth > maxDependencyDepth {
		return staging.Errorf(staging.CodeInvalid, "%s: charts depend on each other more than %d levels deep", v.Source, maxDependencyDepth)
	}
	wanted, err := v.wanted(dir)
	if err != nil {
		return err
	}
	for _, d := range wanted {
		at := path.Join(dir, "charts", d.Name)
		if slices.ContainsFunc(v.files, func(f staging.File) bool {
			return strings.HasPrefix(f.Path, at+"/") || strings.HasPrefix(f.Path, at+"-") && strings.HasSuffix(f.Path, ".tgz")
		}) {
			continue
		}
		packed, err := charts.ChartIn(ctx, d.Repository, d.Name, d.Version)
		if err != nil {
			return err
		}
		files, err := helm.Unpack(packed.Archive)
		if err != nil {
			return err
		}
		for _, f := range files {
			v.files = append(v.files, staging.File{Path: path.Join(at, f.Path), Data: f.Data})
		}
		v.Dependencies = append(v.Dependencies, dependency{at, packed.Source, packed.Digest})
		if err := v.addDependencies(ctx, charts, at, depth+1); err != nil {
			return err
		}
	}
	return nil
}

type wantedChart struct{ Name, Version, Repository string }

// wanted returns the dependencies of the chart in a directory, with the exact versions of its
// Chart.lock.
func (v *vendored) wanted(dir string) ([]wantedChart, error) {
	var declared, locked struct{ Dependencies []wantedChart }
	if err := yaml.Unmarshal(v.read(path.Join(dir, "Chart.yaml")), &declared); err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%s: %s is not valid", v.Source, path.Join(dir, "Chart.yaml")).Because(err)
	}
	if err := yaml.Unmarshal(v.read(path.Join(dir, "Chart.lock")), &locked); err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%s: %s is not valid", v.Source, path.Join(dir, "Chart.lock")).Because(err)
	}
	for i, d := range declared.Dependencies {
		for _, l := range locked.Dependencies {
			if l.Name == d.Name {
				declared.Dependencies[i] = l
			}
		}
	}
	return declared.Dependencies, nil
}

// layout returns the files in the env repo.
func (v *vendored) layout() ([]staging.File, error) {
	lock, err := yaml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing the lock file: %w", err)
	}
	dir := adopt.ChartDir(v.Name)
	files := []staging.File{{Path: dir + ".lock.yaml", Data: append([]byte("# Written by octopod vendor; do not edit.\n"), lock...)}}
	for _, f := range v.files {
		files = append(files, staging.File{Path: path.Join(dir, f.Path), Data: f.Data})
	}
	return files, nil
}

// outdated returns the files of a directory that a new version does not have.
func outdated(tree *envrepo.Tree, dir string, write []staging.File) ([]string, error) {
	_, exists, err := tree.Entry(dir)
	if err != nil || !exists {
		return nil, err
	}
	names, err := tree.FilesUnder(dir)
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(write, func(f staging.File) bool { return f.Path == name })
	}), err
}

// textDiff returns a unified diff of the text files of a plan.
func textDiff(tree *envrepo.Tree, plan []staging.PlanItem, write []staging.File) string {
	var b strings.Builder
	for _, item := range plan {
		old, _ := tree.ReadFile(item.Path) // a new file has none
		var data []byte
		for _, f := range write {
			if f.Path == item.Path {
				data = f.Data
			}
		}
		if utf8.Valid(old) && utf8.Valid(data) && !bytes.Equal(old, data) {
			b.WriteString(udiff.Unified("a/"+item.Path, "b/"+item.Path, string(old), string(data)))
		}
	}
	return b.String()
}
