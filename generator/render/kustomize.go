package render

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"octopod/generator/staging"
)

// buildKustomize builds envs/<name>, as `kustomize build` does.
func (r *Renderer) buildKustomize(ctx context.Context, v *view) ([]staging.Object, error) {
	if err := lint(v, v.dir); err != nil {
		return nil, err
	}
	build := func(context.Context, *view) ([]staging.Object, error) { return runKustomize(viewFiles{v}, v.dir) }
	if r.options.SandboxKustomize {
		build = r.buildInSandbox
	}
	objects, err := build(ctx, v)
	if v.violation != nil {
		return nil, v.violation
	}
	var fault templateError
	if errors.As(err, &fault) {
		return nil, kustomizeError(v.dir, fault)
	}
	return objects, err
}

// runKustomize builds the kustomization in a directory.
func runKustomize(files files, dir string) (objects []staging.Object, err error) {
	defer kustomizeSchema.acquire()()
	defer func() {
		if p := recover(); p != nil {
			err = templateError(fmt.Sprintf("kustomize crashed: %v", p))
		}
	}()
	options := krusty.MakeDefaultOptions()
	// The default of the command; the library has another default.
	options.Reorder = krusty.ReorderOptionUnspecified
	resources, err := krusty.MakeKustomizer(options).Run(treeFS{files}, path.Join(mountPoint, dir))
	if err != nil {
		return nil, templateError(err.Error())
	}
	if n := resources.Size(); n > maxObjects {
		return nil, templateError(tooManyObjects(n))
	}
	for _, r := range resources.Resources() {
		o, err := fromResource(r)
		if err != nil {
			return nil, templateError(fmt.Sprintf("%s/%s: %v", r.GetKind(), r.GetName(), err))
		}
		objects = append(objects, o)
	}
	return objects, nil
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

// schemaLock guards kustomize's process-wide table of Kubernetes schemas, which a build
// fills when it needs it and reads without a lock. Filling the table takes longer than
// a build, and most builds do not need it. So builds run one at a time until two
// overlap: the second fills the table, and from then on builds run concurrently.
type schemaLock struct {
	mu     sync.RWMutex // write-locked while the table may change
	builds atomic.Int32 // running or waiting
	filled atomic.Bool
}

var kustomizeSchema schemaLock

// acquire waits until a build may run. The caller must call leave after the build.
func (g *schemaLock) acquire() (leave func()) {
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

// Kustomize wraps an error once per directory of the path. For every directory it also
// reports the attempt to read it as a file, and for every file the attempt to read it
// as a directory.
var (
	triedAsDir  = regexp.MustCompile(`(?s)accumulation err='(?:accumulating|merging) resources from '([^']*)': (.*)': must build at directory: '[^']*': file is not directory`)
	triedAsFile = regexp.MustCompile(`accumulation err='accumulating resources from '[^']*': '[^']*' must resolve to a file': `)
	pathPrefix  = regexp.MustCompile(`(accumulating (resources|components): |recursed accumulation of path '[^']*': |recursed merging from path '[^']*': |accumulateDirectory: )`)
	malformed   = regexp.MustCompile(`(?s)MalformedYAMLError: (.*) in File: (\S+)`)
	yamlLine    = regexp.MustCompile(`(?:yaml: )?line (\d+): `)
	inDirectory = regexp.MustCompile(`path '` + mountPoint + `/([^']*)'`)

	// Go values that kustomize prints instead of the name of an object.
	resID            = regexp.MustCompile(`(?:id )?resid\.ResId\{Gvk:resid\.Gvk\{[^}]*Kind:"([^"]*)"[^}]*\}, Name:"([^"]*)"[^}]*\}`)
	generatorPointer = regexp.MustCompile(`merging from generator &\{0x[^}]*\}: `)
	objectID         = regexp.MustCompile(`(\w+)\.v\w+\.(?:\[noGrp\]|[\w.-]+)/([\w.-]+)\.(?:\[noNs\]|[\w-]+)`)
	noWorkload       = regexp.MustCompile(`resource with name (\S+) does not match a config with the following GVK \[.*\]`)
)

// readableMessage replaces Go values in a message of kustomize by names of objects.
func readableMessage(text string) string {
	text = generatorPointer.ReplaceAllString(resID.ReplaceAllString(text, "$1/$2"), "merging settings: ")
	text = objectID.ReplaceAllString(text, "$1/$2")
	return noWorkload.ReplaceAllString(text, "replicas: there is no workload $1 in the template")
}

func kustomizeError(dir string, fault templateError) error {
	text := string(fault)
	place := dir
	if all := inDirectory.FindAllStringSubmatch(text, -1); len(all) > 0 {
		place = all[len(all)-1][1] // the innermost
	}
	if m := malformed.FindStringSubmatch(text); m != nil {
		file := m[2]
		if !path.IsAbs(file) {
			file = path.Join(place, file)
		}
		return invalidFile(file, errors.New(m[1]))
	}
	text = strings.ReplaceAll(text, `\"`, `"`)
	text = pathPrefix.ReplaceAllString(triedAsFile.ReplaceAllString(text, ""), "")
	text = readableMessage(strings.ReplaceAll(text, mountPoint+"/", ""))
	if m := triedAsDir.FindStringSubmatch(text); m != nil {
		place, text = path.Join(place, m[1]), m[2]
	}
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "the template cannot be rendered",
		Problems: []staging.Problem{{File: place, Message: strings.Trim(text, "\" \n")}},
		Hint:     "run `kustomize build " + dir + "` to see it whole",
	}
}

// invalidFile returns the error for broken YAML, with file and line.
func invalidFile(file string, err error) error {
	problem := staging.Problem{File: strings.TrimPrefix(file, mountPoint+"/"), Message: err.Error()}
	if m := yamlLine.FindStringSubmatchIndex(problem.Message); m != nil {
		problem.Line, _ = strconv.Atoi(problem.Message[m[2]:m[3]]) // digits, by the pattern
		problem.Message = problem.Message[:m[0]] + problem.Message[m[1]:]
	}
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "the template is not valid", Problems: []staging.Problem{problem},
	}
}
