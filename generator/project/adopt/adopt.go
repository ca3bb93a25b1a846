package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Draft is the draft of a project, derived from a base.
type Draft struct {
	Services   map[string]project.Service
	Parameters map[string]project.Parameter
	Archive    []project.ArchiveFix
	ConfigMap  string   // of the base, with the settings of the containers; "" if there is none
	Notes      []string // findings and decisions, one sentence each

	settings  map[string]string // of ConfigMap
	readers   []reader          // containers of services, which get the settings
	values    map[string]string // of the parameters in the base
	hosts     []servedHost
	namespace bool // the base has a Namespace, which is removed

	namespaces []string // of the objects of the base, sorted
}

// reader is a container of a service.
type reader struct {
	workload workload
	index    int
	name     string // of the workload; for the second and later containers of a pod, with that of the container
}

func (r reader) container() container { return r.workload.containers[r.index] }

// path returns the field path of the container.
func (r reader) path() string {
	return fmt.Sprintf("%s.%s.[name=%s]", fieldPath(r.workload.podPath), r.container().list, r.container().Name)
}

// Read drafts a project from the objects of a base.
func Read(objects []staging.Object) Draft {
	d := Draft{Services: map[string]project.Service{}, Parameters: map[string]project.Parameter{}, values: map[string]string{}}
	workloads := workloadsOf(objects)
	d.readServices(workloads)
	d.readConfigMap(objects)
	d.readEnv(workloads)
	d.readReplicas(objects, workloads)
	d.readHosts(objects, workloads)
	d.readArchive(objects)
	d.noteHostsInSettings()
	d.noteSecrets(objects)
	for _, o := range objects {
		d.namespace = d.namespace || o.Kind == "Namespace"
	}
	d.readNamespaces(objects)
	if d.namespace {
		d.note("the Namespace of the base is removed: every staging gets its own")
	}
	return d
}

func (d *Draft) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// readConfigMap finds the first ConfigMap in an envFrom of a service. Its keys are the
// names of the application's settings.
func (d *Draft) readConfigMap(objects []staging.Object) {
	for _, r := range d.readers {
		for _, from := range r.container().EnvFrom {
			if from.ConfigMapRef == nil {
				continue
			}
			i := slices.IndexFunc(objects, func(o staging.Object) bool {
				return o.Kind == "ConfigMap" && o.Name == from.ConfigMapRef.Name
			})
			if i < 0 {
				continue
			}
			d.ConfigMap = staging.StableName("ConfigMap", from.ConfigMapRef.Name)
			decodeAt(objects[i].JSON, "/data", &d.settings)
			for _, key := range slices.Sorted(maps.Keys(d.settings)) {
				d.parameter(key, d.settings[key], project.Target{})
			}
			d.note("settings from ConfigMap %s: %s", d.ConfigMap, orNone(slices.Sorted(maps.Keys(d.settings))))
			return
		}
	}
	d.note("no container has an envFrom of a ConfigMap: Octopod adds new settings to the environment of every service")
}

// readEnv turns literal environment variables of containers into parameters.
func (d *Draft) readEnv(workloads []workload) {
	var names []string
	for _, r := range d.readers {
		for _, env := range r.container().Env {
			if len(env.ValueFrom) > 0 || env.Name == "" {
				continue
			}
			name := env.Name
			if _, taken := d.Parameters[name]; taken {
				name = r.name + "." + env.Name
			}
			to := project.Target{Patch: &project.PatchTarget{
				Kind: r.workload.kind, Name: r.workload.name,
				Field: fmt.Sprintf("%s.env.[name=%s].value", r.path(), env.Name),
			}}
			if d.parameter(name, env.Value, to) {
				names = append(names, name)
			}
		}
	}
	if len(names) > 0 {
		d.note("settings from environment variables of containers: %s", strings.Join(names, ", "))
	}
}

// parameter declares a setting without a default: the base decides, also when it changes
// later. It skips a value that looks like a credential.
func (d *Draft) parameter(name, value string, to project.Target) bool {
	if what, yes := staging.DetectSecret(value); yes {
		d.note("%s looks like %s: it does not become a parameter, and belongs in a Secret", name, what)
		return false
	}
	p := project.Parameter{To: to}
	if to.Patch == nil {
		p.Type = guessType(value)
	}
	d.Parameters[name], d.values[name] = p, value
	return true
}

// guessType detects booleans and whole numbers. A patched variable stays text, because
// Kubernetes requires text there.
func guessType(value string) project.Type {
	if value == "true" || value == "false" {
		return project.TypeBoolean
	}
	if n, err := strconv.Atoi(value); err == nil && strconv.Itoa(n) == value {
		return project.TypeInteger
	}
	return ""
}

// maxReplicas is the maximum of the replicas parameter of a workload.
const maxReplicas = 10

func (d *Draft) readReplicas(objects []staging.Object, workloads []workload) {
	none, most := 0, maxReplicas
	for _, w := range workloads {
		if !counted(w.kind) || scaled(objects, w) || !slices.ContainsFunc(d.readers, func(r reader) bool { return r.workload.name == w.name }) {
			continue
		}
		d.Parameters[w.name+".replicas"] = project.Parameter{
			Scope: project.ScopeDeployment, Type: project.TypeInteger, Min: &none, Max: &most,
			Help: "How many copies of " + w.name + " run.", Group: "Size",
			To: project.Target{Replicas: w.name},
		}
	}
}

// serviceBehind returns the service that a Kubernetes Service leads to; "" if there is none.
func (d *Draft) serviceBehind(objects []staging.Object, workloads []workload, backend string) string {
	w, ok := behind(objects, backend, workloads)
	if !ok {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(d.Services)) {
		image := d.Services[name].TemplateImage
		if image == "" {
			image = name
		}
		if slices.ContainsFunc(w.containers, func(c container) bool { return staging.ImageName(c.Image) == image }) {
			return name
		}
	}
	return ""
}

func orNone(words []string) string {
	if text := strings.Join(words, ", "); text != "" {
		return text
	}
	return "(none)"
}
