package render

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"octopod/generator/staging"
)

// buildKustomize does what `kustomize build envs/<name>` does.
func buildKustomize(v *view) ([]staging.Object, error) {
	if err := lint(v, v.dir); err != nil {
		return nil, err
	}
	resources, err := runKustomize(v)
	if v.refusal != nil {
		return nil, v.refusal
	}
	if err != nil {
		return nil, kustomizeError(v.dir, err)
	}
	if resources.Size() > maxObjects {
		return nil, checkSize(v.dir, make([]staging.Object, resources.Size()))
	}
	objects := make([]staging.Object, 0, resources.Size())
	for _, r := range resources.Resources() {
		o, err := fromResource(r)
		if err != nil {
			return nil, kustomizeError(v.dir, fmt.Errorf("%s/%s: %w", r.GetKind(), r.GetName(), err))
		}
		objects = append(objects, o)
	}
	return objects, nil
}

func runKustomize(v *view) (resources resmap.ResMap, err error) {
	defer theSchema.enter()()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("kustomize gave up: %v", p)
		}
	}()
	options := krusty.MakeDefaultOptions()
	// The command's own default; the library's default orders otherwise.
	options.Reorder = krusty.ReorderOptionUnspecified
	return krusty.MakeKustomizer(options).Run(treeFS{v}, path.Join(mountPoint, v.dir))
}

func fromResource(r *resource.Resource) (staging.Object, error) {
	o := staging.Object{
		APIVersion: r.GetApiVersion(), Kind: r.GetKind(),
		Namespace: r.GetNamespace(), Name: r.GetName(),
	}
	var err error
	o.JSON, err = appendNode(make([]byte, 0, 2048), r.YNode())
	return o, err
}

// schemaGate guards kustomize's one process-wide table of Kubernetes schemas,
// which is filled on first need and read without a lock meanwhile. Filling it
// takes longer than a build and most builds do without. So builds go one by one
// as long as nobody waits; the first that finds another waiting fills the table,
// and from then on all go side by side.
type schemaGate struct {
	mu     sync.RWMutex // held for writing while the table may change
	builds atomic.Int32 // running or waiting
	filled atomic.Bool
}

var theSchema schemaGate

// enter waits for the turn of one build and gives what ends it.
func (g *schemaGate) enter() (leave func()) {
	g.builds.Add(1)
	if !g.filled.Load() {
		g.mu.Lock()
		if g.builds.Load() == 1 {
			return func() { g.builds.Add(-1); g.mu.Unlock() }
		}
		openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"})
		g.filled.Store(true)
		g.mu.Unlock()
	}
	g.mu.RLock()
	return func() { g.builds.Add(-1); g.mu.RUnlock() }
}

// Kustomize wraps an error once per directory on the way, and reports for every
// directory that it tried to read it as a file first.
var (
	triedAsFile = regexp.MustCompile(`accumulation err='accumulating resources from '[^']*': '[^']*' must resolve to a file': `)
	onTheWay    = regexp.MustCompile(`(accumulating (resources|components): |recursed accumulation of path '[^']*': |recursed merging from path '[^']*': |accumulateDirectory: )`)
	malformed   = regexp.MustCompile(`(?s)MalformedYAMLError: (.*) in File: (\S+)`)
	yamlLine    = regexp.MustCompile(`(?:yaml: )?line (\d+): `)
	inDirectory = regexp.MustCompile(`path '` + mountPoint + `/([^']*)'`)
)

func kustomizeError(dir string, err error) error {
	text := err.Error()
	place := dir
	if all := inDirectory.FindAllStringSubmatch(text, -1); len(all) > 0 {
		place = all[len(all)-1][1] // the innermost
	}
	if m := malformed.FindStringSubmatch(text); m != nil {
		return invalidFile(path.Join(place, m[2]), errors.New(m[1]))
	}
	text = strings.ReplaceAll(text, `\"`, `"`)
	text = onTheWay.ReplaceAllString(triedAsFile.ReplaceAllString(text, ""), "")
	text = strings.ReplaceAll(text, mountPoint+"/", "")
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "the template cannot be rendered",
		Problems: []staging.Problem{{File: place, Message: strings.Trim(text, "\" \n")}},
		Hint:     "run `kustomize build " + dir + "` to see it whole",
	}
}

// invalidFile names file and line of a fault in YAML.
func invalidFile(file string, err error) error {
	problem := staging.Problem{File: strings.TrimPrefix(file, mountPoint+"/"), Message: err.Error()}
	if m := yamlLine.FindStringSubmatchIndex(problem.Message); m != nil {
		fmt.Sscan(problem.Message[m[2]:m[3]], &problem.Line)
		problem.Message = problem.Message[:m[0]] + problem.Message[m[1]:]
	}
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "the template is not valid", Problems: []staging.Problem{problem},
	}
}
