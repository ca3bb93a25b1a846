package render

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// overlay is the kustomization of one staging, in the order of the file. It uses JSON
// 6902 patches where possible: a strategic merge patch makes kustomize parse the
// Kubernetes schema, which takes four times as long as the rest.
type overlay struct {
	APIVersion         string         `yaml:"apiVersion"`
	Kind               string         `yaml:"kind"`
	Namespace          string         `yaml:"namespace,omitempty"`
	Resources          []string       `yaml:"resources"`
	Components         []string       `yaml:"components,omitempty"`
	ConfigMapGenerator []configMap    `yaml:"configMapGenerator,omitempty"`
	Images             []overlayImage `yaml:"images,omitempty"`
	Replicas           []overlayCount `yaml:"replicas,omitempty"`
	Labels             []overlayLabel `yaml:"labels,omitempty"`
	Patches            []overlayPatch `yaml:"patches,omitempty"`
	Replacements       []replacement  `yaml:"replacements,omitempty"`
}

type configMap struct {
	Name     string            `yaml:"name"`
	Behavior string            `yaml:"behavior"`
	Literals []string          `yaml:"literals"`
	Options  *configMapOptions `yaml:"options,omitempty"`
}

type configMapOptions struct {
	Annotations map[string]string `yaml:"annotations"`
}

type overlayImage struct {
	Name    string `yaml:"name"`
	NewName string `yaml:"newName"`
	NewTag  string `yaml:"newTag,omitempty"`
	Digest  string `yaml:"digest,omitempty"`
}

type overlayCount struct {
	Name  string `yaml:"name"`
	Count int    `yaml:"count"`
}

type overlayLabel struct {
	Pairs            map[string]string `yaml:"pairs"`
	IncludeSelectors bool              `yaml:"includeSelectors"`
	IncludeTemplates bool              `yaml:"includeTemplates"`
}

type overlayPatch struct {
	Target overlayTarget `yaml:"target"`
	Patch  string        `yaml:"patch"`
}

type overlayTarget struct {
	Kind string `yaml:"kind,omitempty"`
	Name string `yaml:"name,omitempty"`
}

func kustomizeSource(params staging.Params) ([]staging.File, error) {
	kustomization, err := newOverlay(params)
	if err != nil {
		return nil, err
	}
	text, err := encodeYAML(kustomization)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", staging.KustomizationFile, err)
	}
	objects, err := encodeYAML(stagingObjects(params)...)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", staging.ObjectsFile, err)
	}
	return []staging.File{{Path: staging.KustomizationFile, Data: text}, {Path: staging.ObjectsFile, Data: objects}}, nil
}

func newOverlay(params staging.Params) (*overlay, error) {
	k := params.Kustomize
	resources, err := overlayResources(k)
	if err != nil {
		return nil, err
	}
	o := &overlay{
		APIVersion:         "kustomize.config.k8s.io/v1beta1",
		Kind:               "Kustomization",
		Namespace:          params.Namespace,
		Resources:          resources,
		ConfigMapGenerator: appSettings(params),
		Labels:             labels(params.Labels),
	}
	for _, dir := range k.Components {
		component, err := fromStaging("component", dir)
		if err != nil {
			return nil, err
		}
		o.Components = append(o.Components, component)
	}
	for _, image := range k.Images {
		o.Images = append(o.Images, newImage(image))
	}
	for _, r := range k.Replicas {
		o.Replicas = append(o.Replicas, overlayCount{Name: r.Workload, Count: r.Count})
	}
	o.Replacements = replacements(k.Fields)
	o.Patches, err = patches(params)
	return o, err
}

// overlayResources returns the files and directories that hold the objects of a staging.
func overlayResources(k staging.KustomizeParams) ([]string, error) {
	resources := []string{staging.ObjectsFile}
	if k.Base != "" || len(k.Charts) == 0 {
		base, err := fromStaging("spec.kustomize.base", k.Base)
		if err != nil {
			return nil, err
		}
		resources = append(resources, base)
	}
	if len(k.Charts) > 0 {
		resources = append(resources, staging.ChartFile)
	}
	return resources, nil
}

// appSettings merges the staging's settings into the ConfigMap of the app. It sets an
// absent setting to "", because a patch can remove only an existing key; the patch then
// removes it, together with a default of the base.
func appSettings(params staging.Params) []configMap {
	inWave := params.Kustomize.Arrangement.Settings
	if len(params.App) == 0 && len(params.Absent) == 0 && !inWave {
		return nil
	}
	values := maps.Clone(params.App)
	if values == nil {
		values = map[string]string{}
	}
	for _, key := range params.Absent {
		values[key] = ""
	}
	c := configMap{Name: params.Kustomize.ConfigMap, Behavior: "merge", Literals: []string{}}
	if inWave {
		c.Options = &configMapOptions{waveAnnotation(params)}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		c.Literals = append(c.Literals, key+"="+quoteLiteral(values[key]))
	}
	return []configMap{c}
}

// quoteLiteral adds quotes to a value in quotes, because kustomize strips one pair from
// every literal.
func quoteLiteral(value string) string {
	if n := len(value); n >= 2 && value[0] == value[n-1] && strings.ContainsRune(`"'`, rune(value[0])) {
		return `"` + value + `"`
	}
	return value
}

func labels(pairs map[string]string) []overlayLabel {
	if len(pairs) == 0 {
		return nil
	}
	return []overlayLabel{{Pairs: pairs, IncludeTemplates: true}}
}

// newImage splits a reference. It sets the tag latest explicitly: otherwise the tag in the
// base would remain.
func newImage(image staging.Image) overlayImage {
	o := overlayImage{Name: image.Name}
	rest, digest, _ := strings.Cut(image.Reference, "@")
	o.NewName, o.Digest = rest, digest
	if colon := strings.LastIndexByte(rest, ':'); colon > strings.LastIndexByte(rest, '/') {
		o.NewName, o.NewTag = rest[:colon], rest[colon+1:]
	}
	if o.NewTag == "" && o.Digest == "" {
		o.NewTag = "latest"
	}
	return o
}

// patches removes absent settings, applies the patches of the parameters, and then scales
// down an archived staging, so that no parameter can scale it up again.
func patches(params staging.Params) ([]overlayPatch, error) {
	var list []staging.Patch
	for _, key := range slices.Sorted(slices.Values(params.Absent)) {
		list = append(list, staging.Patch{
			Kind: "ConfigMap", Name: params.Kustomize.ConfigMap, Op: "remove", Pointer: "/data/" + escapePointer(key),
		})
	}
	list = append(list, params.Kustomize.Patches...)
	var out []overlayPatch
	for _, p := range list {
		patch, err := jsonPatch(p)
		if err != nil {
			return nil, err
		}
		out = append(out, patch)
	}
	for _, large := range params.Kustomize.Arrangement.ServerSide {
		patch, err := annotationPatch(large, syncOptions)
		if err != nil {
			return nil, err
		}
		out = append(out, patch)
	}
	for _, job := range params.Kustomize.Arrangement.Ended {
		out = append(out, deletePatch("Job", job))
	}
	ingress, err := ingressPatches(params)
	if err != nil {
		return nil, err
	}
	out = append(out, ingress...)
	for _, fix := range params.Asleep {
		patch, err := archivePatch(fix)
		if err != nil {
			return nil, err
		}
		out = append(out, patch)
	}
	return out, nil
}

func archivePatch(fix staging.ArchiveFix) (overlayPatch, error) {
	if key, ok := strings.CutPrefix(fix.Pointer, "/metadata/annotations/"); ok {
		return annotationPatch(staging.Annotated{Kind: fix.Kind, Value: fmt.Sprint(fix.Value)}, strings.NewReplacer("~1", "/", "~0", "~").Replace(key))
	}
	if fix.Pointer != "" {
		return jsonPatch(staging.Patch{Kind: fix.Kind, Op: "add", Pointer: fix.Pointer, Value: fix.Value})
	}
	return deletePatch(fix.Kind, ""), nil
}

// deletePatch removes all objects of a kind, or the one of a name. No other patch removes
// a whole object. Kustomize ignores kind and name in it and uses the target.
func deletePatch(kind, name string) overlayPatch {
	text := "$patch: delete\napiVersion: v1\nkind: " + kind + "\nmetadata:\n  name: every\n"
	return overlayPatch{Target: overlayTarget{Kind: exactSelector(kind), Name: exactSelector(name)}, Patch: text}
}

// annotationPatch sets an annotation of an object. It is no JSON 6902 patch, because such a
// patch fails where the object has no annotations.
func annotationPatch(a staging.Annotated, key string) (overlayPatch, error) {
	var text bytes.Buffer
	err := writeYAML(&text, object{APIVersion: "v1", Kind: a.Kind, Metadata: metadata{
		Name: "every", Annotations: map[string]string{key: a.Value},
	}})
	return overlayPatch{Target: overlayTarget{Kind: exactSelector(a.Kind), Name: exactSelector(a.Name)}, Patch: text.String()}, err
}

func jsonPatch(p staging.Patch) (overlayPatch, error) {
	type operation struct {
		Op    string     `yaml:"op"`
		Path  string     `yaml:"path"`
		Value *yaml.Node `yaml:"value,omitempty"`
	}
	op := operation{Op: p.Op, Path: p.Pointer}
	if p.Op != "remove" {
		op.Value = new(yaml.Node)
		if err := op.Value.Encode(p.Value); err != nil {
			return overlayPatch{}, fmt.Errorf("patch %s of %s: %w", p.Pointer, p.Kind, err)
		}
	}
	var text bytes.Buffer
	if err := writeYAML(&text, []operation{op}); err != nil {
		return overlayPatch{}, fmt.Errorf("patch %s of %s: %w", p.Pointer, p.Kind, err)
	}
	return overlayPatch{Target: overlayTarget{Kind: exactSelector(p.Kind), Name: exactSelector(p.Name)}, Patch: text.String()}, nil
}

// exactSelector returns a selector that matches only the text: kustomize uses a selector
// as a regular expression.
func exactSelector(name string) string { return regexp.QuoteMeta(name) }

func escapePointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// encodeYAML encodes documents after the note that Octopod generated them.
func encodeYAML(documents ...any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# " + generatedNote + "\n")
	err := writeYAML(&b, documents...)
	return b.Bytes(), err
}

func writeYAML(b *bytes.Buffer, documents ...any) error {
	e := yaml.NewEncoder(b)
	e.SetIndent(2)
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			return err
		}
	}
	return e.Close()
}
