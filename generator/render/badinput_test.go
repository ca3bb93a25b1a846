package render_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

func kustomizeProject() *project.Project {
	return &project.Project{Spec: project.Spec{Engine: project.EngineKustomize}}
}

// baseTree is an env repo with staging x on a base whose kustomization is given.
func baseTree(kustomization string, more ...string) fstest.MapFS {
	tree := fstest.MapFS{
		"envs/x/kustomization.yaml":         file("resources: [../../templates/base]\n"),
		"envs/y/kustomization.yaml":         file("resources: [../../templates/base]\n"),
		"templates/base/kustomization.yaml": file(kustomization),
		"templates/base/a.yaml":             file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"),
	}
	for i := 0; i+1 < len(more); i += 2 {
		tree[more[i]] = file(more[i+1])
	}
	return tree
}

func link(target string) *mapFile { return &mapFile{Data: []byte(target), Mode: fs.ModeSymlink} }

// Every template that is not hermetic causes one error with file, line, entry and hint.
func TestKustomizeRefusals(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()

	inBase := "templates/base/kustomization.yaml"
	tests := []struct {
		name string
		tree fstest.MapFS
		want []string // all of them in the error
	}{
		{"remote base over https", baseTree("resources:\n- a.yaml\n- https://github.com/acme/base?ref=v1\n"), []string{inBase + ":3", "https://github.com/acme/base?ref=v1", "remote"}},
		{"remote file", baseTree("resources: [" + server.URL + "/a.yaml]"), []string{inBase + ":1", server.URL, "remote"}},
		{"remote base by scp form", baseTree("resources: ['git@github.com:acme/base.git']"), []string{"git@github.com:acme/base.git", "remote"}},
		{"remote base by host", baseTree("resources: [github.com/acme/base/overlay]"), []string{"github.com/acme/base/overlay", "remote"}},
		{"remote base by host and case", baseTree("resources: ['GitHub.com:acme/base']"), []string{"remote"}},
		{"remote base over ssh", baseTree("resources: ['ssh://git@example.com/base']"), []string{"remote"}},
		{"remote base from a file URL", baseTree("resources: ['file:///etc']"), []string{"remote"}},
		{"remote base, go-getter", baseTree("resources: ['git::https://example.com/base']"), []string{"remote"}},
		{"remote base in bases", baseTree("bases: [github.com/acme/base]"), []string{"bases", "remote"}},
		{"remote component", baseTree("components: ['https://example.com/c']"), []string{"components", "remote"}},
		{"remote by another spelling of the field", baseTree("Resources: ['https://example.com/c']"), []string{"resources", "remote"}},
		{"remote crd", baseTree("crds: ['https://example.com/c']"), []string{"crds", "remote"}},
		{"remote patch", baseTree("resources: [a.yaml]\npatches:\n- path: https://example.com/p"), []string{inBase + ":3", "remote"}},
		{"remote replacement", baseTree("resources: [a.yaml]\nreplacements:\n- path: https://example.com/p"), []string{"remote"}},
		{"remote file in a ConfigMap", baseTree("configMapGenerator:\n- name: c\n  files: [key=" + server.URL + "/x]"), []string{inBase + ":3", "remote"}},
		{"remote env file of a Secret", baseTree("secretGenerator:\n- name: c\n  envs: ['" + server.URL + "/x']"), []string{"remote"}},
		{"remote file in a plugin", baseTree("generators:\n- |\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: c}\n  files: ['" + server.URL + "/x']"), []string{"generators", "remote"}},
		{"remote file under a key in a plugin", baseTree("generators:\n- |\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: c}\n  files: ['key=" + server.URL + "/x']"), []string{"generators", "remote"}},
		{"absolute path", baseTree("resources: [/etc/passwd]"), []string{inBase + ":1", "/etc/passwd", "outside"}},
		{"path outside the tree", baseTree("resources: [../../../etc/passwd]"), []string{inBase + ":1", "../../../etc/passwd", "outside"}},
		{"path outside and in again", baseTree("resources: [../../../Env-repo/templates/base/a.yaml]"), []string{"outside"}},
		{"file outside in a ConfigMap", baseTree("configMapGenerator:\n- name: c\n  files: [../../../etc/passwd]"), []string{"outside"}},
		{"missing base", fstest.MapFS{"envs/x/kustomization.yaml": file("resources: [../../templates/base]")}, []string{"envs/x/kustomization.yaml:1", "there is no templates/base"}},
		{"missing file", baseTree("resources: [b.yaml]"), []string{inBase + ":1", "there is no templates/base/b.yaml"}},
		{"missing kustomization", fstest.MapFS{"envs/x/kustomization.yaml": file("resources: [../../templates/base]"), "templates/base/a.yaml": file("")}, []string{"templates/base has no kustomization.yaml"}},
		{"missing staging", fstest.MapFS{}, []string{"envs/x has no kustomization.yaml"}},
		{"another staging", baseTree("resources: [../../envs/y]"), []string{"envs/y", "another staging"}},
		{"the record, as a resource", withRecord(baseTree("resources: [../../envs/x/staging.yaml]")), []string{"must not read envs/x/staging.yaml"}},
		{"the record, in a ConfigMap", withRecord(baseTree("configMapGenerator:\n- name: c\n  files: [../../envs/x/staging.yaml]")), []string{"must not read envs/x/staging.yaml"}},
		{"the record, by a link", withRecord(baseTree("configMapGenerator:\n- name: c\n  files: [s.yaml]"), "templates/base/s.yaml"), []string{"must not read envs/x/staging.yaml"}},
		{"the record, beside it", withRecord(baseTree("", "envs/x/kustomization.yaml", "resources: [staging.yaml]")), []string{"must not read envs/x/staging.yaml"}},
		{"exec plugin", baseTree("generators:\n- p.yaml", "templates/base/p.yaml", "apiVersion: acme.com/v1\nkind: Evil\nmetadata:\n  name: e\n  annotations: {config.kubernetes.io/function: 'exec: {path: ./evil}'}"), []string{inBase + ":2", "would run the plugin Evil"}},
		{"inline exec plugin", baseTree("resources: [a.yaml]\ntransformers:\n- |-\n  apiVersion: acme.com/v1\n  kind: Evil\n  metadata: {name: e}"), []string{"would run the plugin Evil"}},
		{"validator plugin", baseTree("resources: [a.yaml]\nvalidators: [p.yaml]", "templates/base/p.yaml", "apiVersion: v1\nkind: Evil"), []string{"would run the plugin Evil"}},
		{"plugin in the second document", baseTree("generators: [p.yaml]", "templates/base/p.yaml", "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: c}\n---\napiVersion: v1\nkind: Evil"), []string{"would run the plugin Evil"}},
		{"a directory that configures its own plugins", baseTree("generators: [../base]"), []string{inBase + ":1", `"../base" changes the plugins that generators names`}},
		{"helm by plugin", baseTree("generators: [p.yaml]", "templates/base/p.yaml", "apiVersion: builtin\nkind: HelmChartInflationGenerator\nname: c"), []string{"HelmChartInflationGenerator"}},
		{"helm charts", baseTree("resources: [a.yaml]\nhelmCharts:\n- name: c\n  repo: https://example.com"), []string{inBase + ":2", "helm"}},
		{"schema", baseTree("resources: [a.yaml]\nopenapi: {path: a.yaml}"), []string{inBase + ":2", "openapi", "would affect all others"}},
		{"tool version in labels", baseTree("resources: [a.yaml]\nbuildMetadata: [managedByLabel]"), []string{"buildMetadata"}},
		{"unknown field", baseTree("resurces: [a.yaml]"), []string{inBase, `unknown field "resurces"`}},
		{"broken kustomization", baseTree("resources: [a.yaml"), []string{inBase + ":1"}},
		{"broken resource", baseTree("resources: [a.yaml]", "templates/base/a.yaml", "apiVersion: v1\nkind: ConfigMap\n  name: a\n"), []string{"templates/base/a.yaml:"}},
		{"tabs", baseTree("resources: [a.yaml]", "templates/base/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n"), []string{"templates/base/a.yaml:"}},
		{"no kind", baseTree("resources: [a.yaml]", "templates/base/a.yaml", "apiVersion: v1\nmetadata: {name: a}\n"), []string{"templates/base", "kind"}},
		{"cycle", baseTree("resources: [../base]"), []string{"templates/base", "cycle"}},
		{"the same object twice", baseTree("resources: [a.yaml, b.yaml]", "templates/base/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"), []string{"templates/base", "already registered"}},
		{"empty crd", baseTree("resources: [a.yaml]\ncrds: [c.yaml]", "templates/base/c.yaml", ""), []string{"kustomize crashed"}},
		{"alias bomb", baseTree("resources: [a.yaml]", "templates/base/a.yaml", aliasBomb("")), []string{"templates/base/a.yaml", "aliases"}},
		{"alias bomb in a patch", baseTree("resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n" + aliasBomb("    ")), []string{inBase, "aliases"}},
		{"large file", baseTree("resources: [a.yaml]", "templates/base/a.yaml", "# "+strings.Repeat("x", 9<<20)), []string{"templates/base/a.yaml", "larger than 8 MiB"}},
		{"many large files", largeTree(), []string{"larger than 64 MiB together"}},
	}
	for name, r := range map[string]*render.Renderer{
		"here":    newRenderer(t, render.Options{}),
		"sandbox": newRenderer(t, render.Options{Sandbox: sandbox, SandboxKustomize: true}),
	} {
		for _, tt := range tests {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				_, err := r.Render(context.Background(), tt.tree, kustomizeProject(), "x", nil)
				t.Logf("%.600v\nhint: %s", err, staging.HintOf(err))
				expectInvalid(t, err, tt.want)
			})
		}
	}
	if asked.Load() > 0 {
		t.Error("something was downloaded")
	}
}

// withRecord adds the record of staging x, and links to it.
func withRecord(tree fstest.MapFS, links ...string) fstest.MapFS {
	tree["envs/x/staging.yaml"] = file("apiVersion: octopod.dev/v1alpha1\nkind: Staging\nmetadata: {name: x}\n")
	for _, name := range links {
		tree[name] = link("../../envs/x/staging.yaml")
	}
	return tree
}

func expectInvalid(t *testing.T, err error, want []string) {
	t.Helper()
	if staging.CodeOf(err) != staging.CodeInvalid {
		t.Fatalf("got %v, want an invalid template", err)
	}
	for _, text := range want {
		if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(text)) {
			t.Errorf("the error does not say %q: %.600v", text, err)
		}
	}
	if strings.Contains(err.Error(), "/env-repo") || strings.Contains(err.Error(), "recursed accumulation") {
		t.Errorf("the error has noise: %v", err)
	}
}

// Built-in plugins of kustomize are allowed.
func TestBuiltinPlugins(t *testing.T) {
	tree := baseTree("resources: [a.yaml]\ngenerators:\n- |\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: c}\n  literals: ['URL=https://example.com']\ntransformers: [p.yaml]",
		"templates/base/p.yaml", "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: my-\nfieldSpecs: [{path: metadata/name}]\n")
	objects, err := newRenderer(t, render.Options{}).Render(context.Background(), tree, kustomizeProject(), "x", nil)
	if err != nil || len(objects) != 2 || !strings.HasPrefix(objects[0].Name, "my-") {
		t.Errorf("got %v, %v", objects, err)
	}
}

// A kustomization that doubles an object with every patch is stopped in the sandbox.
func TestSandboxStopsKustomize(t *testing.T) {
	tree := baseTree("resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n" + copyBomb())
	r := newRenderer(t, render.Options{Sandbox: plainSandbox(t), SandboxKustomize: true, MaxMemory: 128 << 20, Timeout: testenv.Timeout})
	_, err := r.Render(context.Background(), tree, kustomizeProject(), "x", nil)
	expectInvalid(t, err, []string{"needs more than 128 MiB"})
}

func aliasBomb(indent string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, indent+format+"\n", args...) }
	line("apiVersion: v1")
	line("kind: ConfigMap")
	line("metadata: {name: a}")
	line("a: &a [x, x, x, x, x, x, x, x, x]")
	for c := 'b'; c <= 'k'; c++ {
		line("%c: &%c [%s]", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), ", "))
	}
	return b.String()
}

func copyBomb() string {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "    - {op: copy, from: /data, path: /data/a%d}\n", i)
	}
	return b.String()
}

func largeTree() fstest.MapFS {
	names := []string{}
	tree := baseTree("")
	for i := range 10 {
		name := fmt.Sprintf("f%d.txt", i)
		names = append(names, name)
		tree["templates/base/"+name] = file(strings.Repeat("x", 7<<20))
	}
	tree["templates/base/kustomization.yaml"] = file("configMapGenerator:\n- name: c\n  files: [" + strings.Join(names, ", ") + "]")
	return tree
}

// Links inside the tree are followed; links out of it are refused, for both
// kinds of trees: git's, where a link is a file with a mode, and a disk's.
func TestLinks(t *testing.T) {
	inside := baseTree("resources: [b.yaml, ../other]")
	inside["templates/base/b.yaml"] = file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n")
	inside["templates/real/kustomization.yaml"] = file("resources: [../base2/a.yaml]\n")
	inside["templates/real/kustomization.yaml"] = file("resources: [c.yaml]\n")
	inside["templates/real/c.yaml"] = link("d.yaml")
	inside["templates/real/d.yaml"] = file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n")
	inside["templates/other"] = link("real")

	outside := baseTree("resources: [a.yaml]")
	outside["templates/base/a.yaml"] = link("../../../etc/passwd")
	absolute := baseTree("resources: [a.yaml]")
	absolute["templates/base/a.yaml"] = link("/etc/passwd")
	round := baseTree("resources: [a.yaml]")
	round["templates/base/a.yaml"] = link("a.yaml")
	directory := baseTree("resources: [../link/a.yaml]")
	directory["templates/link"] = link("../../outside")

	tests := []struct {
		name string
		tree fstest.MapFS
		want string // in the error, or nothing
	}{
		{"inside", inside, ""},
		{"outside", outside, "templates/base/a.yaml is a link to ../../../etc/passwd"},
		{"absolute", absolute, "templates/base/a.yaml is a link to /etc/passwd"},
		{"round", round, "templates/base/a.yaml is a link to a.yaml"},
		{"directory", directory, "templates/link is a link to ../../outside"},
	}
	r := newRenderer(t, render.Options{})
	for _, tt := range tests {
		for kind, tree := range map[string]fs.FS{"git": gitTree{tt.tree}, "disk": os.DirFS(linkedDir(t, tt.tree))} {
			t.Run(tt.name+" "+kind, func(t *testing.T) {
				objects, err := r.Render(context.Background(), tree, kustomizeProject(), "x", nil)
				if tt.want != "" {
					expectInvalid(t, err, []string{tt.want})
				} else if err != nil || len(objects) != 2 {
					t.Errorf("got %v, %v", objects, err)
				}
			})
		}
	}
}

// gitTree hides that MapFS can follow links: a git tree cannot.
type gitTree struct{ tree fstest.MapFS }

func (g gitTree) Open(name string) (fs.File, error) {
	if f := g.tree[name]; f != nil {
		return fstest.MapFS{name: {Data: f.Data}}.Open(name)
	}
	return g.tree.Open(name)
}

func (g gitTree) Stat(name string) (fs.FileInfo, error) { return g.tree.Lstat(name) }

func linkedDir(t *testing.T, tree fstest.MapFS) string {
	t.Helper()
	dir := t.TempDir()
	for name, f := range tree {
		full := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(full), 0o755)
		if err == nil && f.Mode == fs.ModeSymlink {
			err = os.Symlink(string(f.Data), full)
		} else if err == nil {
			err = os.WriteFile(full, f.Data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestJsonnetRefusals(t *testing.T) {
	outside := jsonnetTree(`import 'a.libsonnet'`)
	outside["jsonnet/a.libsonnet"] = link("../../secret")
	tests := []struct {
		name string
		tree fstest.MapFS
		want []string
	}{
		{"import outside", jsonnetTree("local a = 1;\nimport '../../../etc/passwd'"), []string{"envs/x/main.jsonnet:2", "../../../etc/passwd", "outside"}},
		{"import outside from a library", jsonnetTree(`import 'a.libsonnet'`, "jsonnet/a.libsonnet", `importstr '../../x'`), []string{"jsonnet/a.libsonnet:1", "outside"}},
		{"absolute import", jsonnetTree(`import '/etc/passwd'`), []string{"envs/x/main.jsonnet:1", "absolute"}},
		{"import of bytes outside", jsonnetTree(`importbin '../../../etc/passwd'`), []string{"outside"}},
		{"link outside", outside, []string{"jsonnet/a.libsonnet is a link to ../../secret"}},
		{"import of another staging", jsonnetTree(`import '../y/params.json'`, "envs/y/params.json", "{}"), []string{"envs/y", "another staging"}},
		{"import of the record", withRecord(jsonnetTree(`importstr 'staging.yaml'`)), []string{"must not read envs/x/staging.yaml"}},
		{"import of the record from a library", withRecord(jsonnetTree(`import 'a.libsonnet'`, "jsonnet/a.libsonnet", `std.parseYaml(importstr '../envs/x/staging.yaml')`)), []string{"must not read envs/x/staging.yaml"}},
		{"missing import", jsonnetTree("local a = 1;\nimport 'b.libsonnet'"), []string{"envs/x/main.jsonnet:2", "b.libsonnet", "no such file"}},
		{"missing main", fstest.MapFS{}, []string{"envs/x/main.jsonnet does not exist"}},
		{"syntax", jsonnetTree("local a = ;\na"), []string{"envs/x/main.jsonnet:1"}},
		{"syntax in a library", jsonnetTree(`import 'a.libsonnet'`, "jsonnet/a.libsonnet", "\n\n{a: }"), []string{"jsonnet/a.libsonnet:3"}},
		{"error", jsonnetTree(`import 'a.libsonnet'`, "jsonnet/a.libsonnet", "\nerror 'no image'"), []string{"jsonnet/a.libsonnet:2", "no image"}},
		{"endless recursion", jsonnetTree("local f(n) =\n  1 + f(n);\nf(1)"), []string{"envs/x/main.jsonnet:2", "max stack frames exceeded"}},
		{"external variable", jsonnetTree(`std.extVar('HOME')`), []string{"envs/x/main.jsonnet", "HOME"}},
		{"text", jsonnetTree(`['a']`), []string{"$[0] is text, not an object"}},
		{"no kind", jsonnetTree(`{apiVersion: 'v1', metadata: {name: 'a'}}`), []string{"the object has no kind"}},
		{"no name", jsonnetTree(`{a: [{apiVersion: 'v1', kind: 'Secret'}]}`), []string{"$.a[0]: the object has no metadata.name"}},
		{"function", jsonnetTree(`function(x) x`), []string{"envs/x/main.jsonnet"}},
		{"too many objects", jsonnetTree(`[` + oneConfigMap + ` for i in std.range(0, 2000)]`), []string{"2001 objects"}},
	}
	for name, r := range map[string]*render.Renderer{
		"here":    newRenderer(t, render.Options{}),
		"sandbox": newRenderer(t, render.Options{Sandbox: sandbox}),
	} {
		for _, tt := range tests {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				_, err := r.Render(context.Background(), gitTree{tt.tree}, jsonnetProject(), "x", nil)
				t.Logf("%.400v", err)
				expectInvalid(t, err, tt.want)
			})
		}
	}
}

// What kubectl and Argo CD accept is accepted, and only a flat result where
// Argo CD evaluates the jsonnet itself.
func TestJsonnetResults(t *testing.T) {
	list := `{apiVersion: 'v1', kind: 'List', items: [` + oneConfigMap + `, ` + oneConfigMap + `]}`
	tests := []struct {
		name, main     string
		rendered, flat int // objects with output rendered, and with output source; 0 is an error
	}{
		{"object", oneConfigMap, 1, 1},
		{"array", `[` + oneConfigMap + `]`, 1, 1},
		{"list", list, 2, 2},
		{"array of lists", `[` + list + `, ` + oneConfigMap + `]`, 3, 3},
		{"nested array", `[[` + oneConfigMap + `]]`, 1, 0},
		{"objects by name", `{a: ` + oneConfigMap + `, b: {c: [` + oneConfigMap + `, null]}}`, 2, 0},
	}
	r := newRenderer(t, render.Options{})
	for _, tt := range tests {
		for output, want := range map[project.Output]int{project.OutputRendered: tt.rendered, project.OutputSource: tt.flat} {
			p := jsonnetProject()
			p.Spec.Output = output
			objects, err := r.Render(context.Background(), jsonnetTree(tt.main), p, "x", nil)
			if len(objects) != want || (err == nil) != (want > 0) {
				t.Errorf("%s, %s: got %d objects, %v, want %d", tt.name, output, len(objects), err, want)
			}
		}
	}
}

// The library directories are searched like those of the jsonnet command: beside
// the file first, then the last directory before the first.
func TestJsonnetLibraries(t *testing.T) {
	p := jsonnetProject()
	p.Spec.Jsonnet.Libraries = []string{"one", "two"}
	named := func(name string) string { return strings.ReplaceAll(oneConfigMap, "'a'", "'"+name+"'") }
	tree := jsonnetTree(`[import 'near', import 'both', import 'first', import 'sub/relative']`,
		"envs/x/near", named("beside"), "two/near", named("far"),
		"one/both", named("one"), "two/both", named("two"),
		"one/first", named("first"),
		"two/sub/relative", `import 'next'`, "two/sub/next", named("next"))
	objects, err := newRenderer(t, render.Options{}).Render(context.Background(), tree, p, "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range objects {
		names = append(names, o.Name)
	}
	if got := strings.Join(names, " "); got != "beside first next two" {
		t.Errorf("got %s", got)
	}
	if tool, ok := stockTool(t, "jsonnet"); ok {
		cmd := exec.Command(tool, "-J", "one", "-J", "two", "envs/x/main.jsonnet")
		cmd.Dir = linkedDir(t, tree)
		out, err := cmd.Output()
		if err != nil || strings.Count(string(out), `"name": "beside"`)+strings.Count(string(out), `"name": "two"`) != 2 {
			t.Errorf("the jsonnet command finds others: %s, %v", out, err)
		}
	}
}
