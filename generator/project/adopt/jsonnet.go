package adopt

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// JsonnetDir is where the copy of somebody's jsonnet lies, untouched.
func JsonnetDir(projectName string) string { return path.Join("jsonnet", projectName) }

// Jsonnet writes jsonnet/<project>.libsonnet, which ties the copied file to a
// staging. Settings need no `to`: the library finds them in the params.
func (d Draft) Jsonnet(projectName, file string) staging.File {
	images, hosts := map[string]string{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(d.Services)) {
		image := d.Services[name].TemplateImage
		if image == "" {
			image = name
		}
		images[image] = name
	}
	for _, r := range d.routes {
		hosts[r.host] = r.to
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// What every staging is made from: %s as it was brought, tied to Octopod.\n", file)
	b.WriteString("local octopod = import 'octopod.libsonnet';\nlocal brought = import '" + projectName + "/" + file + "';\n")
	b.WriteString("local bring = (import 'bring.libsonnet').bring;\n\n")
	fmt.Fprintf(&b, "local known = {\n  images: %s,\n  hosts: %s,\n  configMap: %s,\n};\n\n", object(images), object(hosts), orNull(d.ConfigMap))
	b.WriteString("function(params)\n  local objects = if std.isFunction(brought) then brought(params) else brought;\n")
	b.WriteString("  octopod.staging(params, bring(params, objects, known))\n")
	return staging.File{Path: path.Join("jsonnet", projectName+".libsonnet"), Data: []byte(b.String())}
}

// WithoutTargets gives the parameters as a jsonnet template takes them.
func (d Draft) WithoutTargets() map[string]project.Parameter {
	parameters := maps.Clone(d.Parameters)
	for name, parameter := range parameters {
		parameter.To = project.To{}
		parameters[name] = parameter
	}
	return parameters
}

// object writes a map of text as jsonnet.
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

// quote writes text as a jsonnet string; JSON's form is valid jsonnet.
func quote(s string) string {
	text, _ := json.Marshal(s) // a string always has a JSON form
	return string(text)
}
