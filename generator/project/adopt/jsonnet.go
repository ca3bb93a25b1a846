package adopt

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// JsonnetDir returns the directory of the unmodified copy of imported jsonnet.
func JsonnetDir(projectName string) string { return path.Join("jsonnet", projectName) }

// Jsonnet returns jsonnet/<project>.libsonnet, which adapts the imported file to a
// staging. Settings need no `to`: the library reads them from the params.
func (d Draft) Jsonnet(projectName, file string) staging.File {
	images, hosts := map[string]string{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(d.Services)) {
		image := d.Services[name].TemplateImage
		if image == "" {
			image = name
		}
		images[image] = name
	}
	for _, h := range d.hosts {
		hosts[h.Host] = h.to
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// Template of every staging: adapts %s, an unmodified copy, to Octopod.\n", file)
	b.WriteString("local octopod = import 'octopod.libsonnet';\nlocal imported = import '" + projectName + "/" + file + "';\n")
	b.WriteString("local bring = (import 'bring.libsonnet').bring;\n\n")
	fmt.Fprintf(&b, "local known = {\n  images: %s,\n  hosts: %s,\n  configMap: %s,\n};\n\n", object(images), object(hosts), orNull(d.ConfigMap))
	b.WriteString("function(params)\n  local objects = if std.isFunction(imported) then imported() else imported; // pass arguments here\n")
	b.WriteString("  octopod.staging(params, bring(params, objects, known))\n")
	return staging.File{Path: path.Join("jsonnet", projectName+".libsonnet"), Data: []byte(b.String())}
}

// imports matches the imports of jsonnet.
var imports = regexp.MustCompile(`\bimport(?:str|bin)?\s*@?['"]([^'"\n]+)['"]`)

// ImportedFiles returns the files that a jsonnet file imports, directly or through others,
// next to the importing file or in the libraries.
func ImportedFiles(files []staging.File, main string, libraries ...string) []staging.File {
	content, used := map[string][]byte{}, map[string]bool{}
	for _, file := range files {
		content[file.Path] = file.Data
	}
	for todo := []string{main}; len(todo) > 0; todo = todo[1:] {
		data, ok := content[todo[0]]
		if !ok || used[todo[0]] {
			continue
		}
		used[todo[0]] = true
		for _, found := range imports.FindAllSubmatch(data, -1) {
			for _, dir := range append([]string{path.Dir(todo[0])}, libraries...) {
				if name := path.Join(dir, string(found[1])); content[name] != nil {
					todo = append(todo, name)
					break
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(files), func(f staging.File) bool { return !used[f.Path] })
}

// PlainSecrets lists the names of Secrets with values.
func PlainSecrets(objects []staging.Object) []string {
	var names []string
	for _, o := range objects {
		var data, text map[string]string
		decodeAt(o.JSON, "/data", &data)
		decodeAt(o.JSON, "/stringData", &text)
		if o.Kind == "Secret" && len(data)+len(text) > 0 {
			names = append(names, o.Name)
		}
	}
	return names
}

// WithoutTargets returns the parameters for a jsonnet template, which needs no targets.
func (d Draft) WithoutTargets() map[string]project.Parameter {
	parameters := maps.Clone(d.Parameters)
	for name, parameter := range parameters {
		parameter.To = project.Target{}
		parameters[name] = parameter
	}
	return parameters
}

// object formats a map as a jsonnet object.
func object(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, "    "+quote(key)+": "+quote(m[key])+",\n")
	}
	return "{\n" + strings.Join(lines, "") + "  }"
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return quote(s)
}

// quote formats text as a jsonnet string. A JSON string is valid jsonnet.
func quote(s string) string {
	text, _ := json.Marshal(s) // a string always has a JSON form
	return string(text)
}
