package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// buildJsonnet evaluates envs/<name>/main.jsonnet, as `jsonnet -J <libraries>` does.
func (r *Renderer) buildJsonnet(ctx context.Context, p *project.Project, v *view) ([]staging.Object, error) {
	main := path.Join(v.dir, staging.MainFile)
	text, err := v.read(main)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, staging.Errorf(staging.CodeInvalid, "%s does not exist", main)
	} else if err != nil {
		return nil, err
	}
	imports := importer{view: v, libraries: p.Spec.Jsonnet.Libraries}
	job := evaluation{Engine: project.EngineJsonnet, Main: main, Epoch: v.base.epoch(), text: text}
	out, err := r.pool.evaluate(ctx, job, imports.answer)
	if v.violation != nil {
		return nil, v.violation
	}
	if err != nil {
		return nil, explainNative(v, jsonnetError(v.dir, err))
	}
	v.recordInputs(out.inputs)
	return decodeObjects(p, v.dir, out.json)
}

func decodeObjects(p *project.Project, dir string, out []byte) ([]staging.Object, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(out))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("jsonnet returned no JSON: %w", err)
	}
	if p.Spec.Output == project.OutputSource && !isFlat(value) {
		return nil, staging.Errorf(staging.CodeInvalid, "%s/%s returns nested objects, which Argo CD does not render", dir, staging.MainFile).
			WithTechnicalHint("return one array of objects, as octopod.staging does, or set output: rendered in octopod.yaml")
	}
	objects, err := flatten(value, "$", nil)
	if err != nil {
		return nil, &staging.Error{
			Code: staging.CodeInvalid, Message: "the template does not return Kubernetes objects",
			Problems: []staging.Problem{{File: path.Join(dir, staging.MainFile), Message: err.Error()}},
			Hint:     "return one object, or an array of objects",
		}
	}
	return objects, nil
}

// isFlat reports whether Argo CD accepts a value: one object, or an array of objects.
func isFlat(value any) bool {
	items, ok := value.([]any)
	if !ok {
		items = []any{value}
	}
	for _, item := range items {
		fields, ok := item.(map[string]any)
		if _, hasKind := fields["kind"].(string); !ok || !hasKind {
			return false
		}
	}
	return true
}

// importer resolves imports in the tree as the jsonnet command does on disk: first next
// to the importing file, then in the libraries, the last library first.
type importer struct {
	view      *view
	libraries []string
}

func (i importer) answer(q fileRequest) fileResponse {
	f := i.resolve(q.From, q.Name)
	f.Looked = i.view.sharedInputs()
	return f
}

func (i importer) resolve(from, name string) fileResponse {
	if path.IsAbs(name) {
		return i.reject(from, name, "is absolute")
	}
	dirs := []string{path.Dir(from)}
	for at := len(i.libraries) - 1; at >= 0; at-- {
		dirs = append(dirs, i.libraries[at])
	}
	for _, dir := range dirs {
		target := path.Join(dir, name)
		if outsideTree(target) {
			return i.reject(from, name, "is outside the env repo")
		}
		data, err := i.view.read(target)
		if err == nil {
			return fileResponse{At: target, Own: !isShared(target), data: data}
		}
		if i.view.violation != nil || !errors.Is(err, fs.ErrNotExist) {
			return fileResponse{Error: err.Error()}
		}
	}
	return fileResponse{Error: fmt.Sprintf("import %q: no such file next to %s or in %s", name, from, strings.Join(i.libraries, ", "))}
}

func (i importer) reject(from, name, why string) fileResponse {
	data, _ := i.view.read(from)
	err := i.view.reject(&staging.Error{
		Code: staging.CodeInvalid, Message: "the template is not usable",
		Problems: []staging.Problem{{
			File: from, Line: lineContaining(data, name), Field: "import", Message: fmt.Sprintf("%q %s", shorten(name), why),
		}},
		Hint: "a template may import only files of the env repo: copy the file there",
	})
	return fileResponse{Error: err.Error()}
}

func lineContaining(data []byte, text string) int {
	at := bytes.Index(data, []byte(text))
	if at < 0 {
		return 0
	}
	return 1 + bytes.Count(data[:at], []byte("\n"))
}

// epoch identifies the state of all files outside envs/; "" if the tree has no hashes.
func (s *snapshot) epoch() string {
	if s.hasher == nil {
		return ""
	}
	entries, err := fs.ReadDir(s.tree, ".")
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, e := range entries {
		if e.Name() == staging.EnvsDir {
			continue
		}
		hash, err := s.hash(e.Name())
		if err != nil {
			return ""
		}
		fmt.Fprintf(&b, "%s %s\n", e.Name(), hash)
	}
	return b.String()
}

var (
	contentSuffix = regexp.MustCompile(`#[0-9a-f]{16}\b`)
	staticAt      = regexp.MustCompile(`^(\S+?):\(?(\d+):\d+\)?(?:-\S+)? (.*)`)
	traceFrame    = regexp.MustCompile(`\n\t(\S+?):\(?(\d+):`)
)

// jsonnetError converts jsonnet's report into an error with message, file and line.
func jsonnetError(dir string, err error) error {
	var fault templateError
	if !errors.As(err, &fault) {
		return err
	}
	text := contentSuffix.ReplaceAllString(err.Error(), "")
	message, _, _ := strings.Cut(strings.TrimPrefix(text, "RUNTIME ERROR: "), "\n\t")
	result := &staging.Error{
		Code: staging.CodeInvalid, Message: "the template cannot be evaluated",
		Problems: []staging.Problem{jsonnetProblem(dir, message, text)},
	}
	if strings.Contains(message, "max stack frames") {
		result.Hint = recursionHint
	}
	return result
}

// native matches the use of a function that a program adds to jsonnet.
var native = regexp.MustCompile(`std\.native\(\s*['"](\w+)['"]`)

// explainNative names the native function in an error of its call: for jsonnet, a function
// that it does not have is null. tanka and kubecfg add functions, Argo CD adds none.
func explainNative(v *view, err error) error {
	var fault *staging.Error
	if !errors.As(err, &fault) || len(fault.Problems) != 1 || !strings.Contains(fault.Problems[0].Message, "expected function") {
		return err
	}
	problem := &fault.Problems[0]
	data, readErr := v.read(problem.File)
	lines := strings.Split(string(data), "\n")
	if readErr != nil || problem.Line < 1 || problem.Line > len(lines) {
		return err
	}
	if m := native.FindStringSubmatch(lines[problem.Line-1]); m != nil {
		problem.Message = fmt.Sprintf("std.native(%q) does not exist: tanka and kubecfg add it to jsonnet, Argo CD does not", m[1])
		fault.Hint = "use a function of jsonnet itself, such as std.parseYaml, std.parseJson, std.manifestYamlDoc, std.manifestJsonEx, std.sha256 or std.strReplace"
	}
	return err
}

// jsonnetProblem finds file and line in a report: at the start of the message of a
// syntax error, else in the innermost frame. It skips frames of the standard library,
// which have no file.
func jsonnetProblem(dir, message, report string) staging.Problem {
	problem := staging.Problem{File: path.Join(dir, staging.MainFile), Message: strings.TrimRight(message, ".\n ")}
	if m := staticAt.FindStringSubmatch(message); m != nil {
		problem.File, problem.Message = m[1], m[3]
		problem.Line, _ = strconv.Atoi(m[2])
		return problem
	}
	for _, frame := range traceFrame.FindAllStringSubmatch(report, -1) {
		if !strings.HasPrefix(frame[1], "<") {
			problem.File = frame[1]
			problem.Line, _ = strconv.Atoi(frame[2])
			break
		}
	}
	return problem
}
