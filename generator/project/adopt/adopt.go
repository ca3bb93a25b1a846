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
	ConfigMap  string   // of the base, with the settings of the containers; "" if there is none
	Notes      []string // findings and decisions, one sentence each

	settings  map[string]string // of ConfigMap
	readers   []reader          // containers of services, which get the settings
	routes    []servedRoute
	tls       []tlsHost
	namespace bool // the base has a Namespace, which is removed
}

// reader is a container of a service.
type reader struct {
	workload workload
	index    int
	name     string // of the workload; for the second and later containers of a pod, with that of the container
	envFrom  bool   // it has an envFrom already
}

// servedRoute is a rule of an Ingress, and the service of the project behind it.
type servedRoute struct {
	route
	to string
}

// Read drafts a project from the objects of a base.
func Read(objects []staging.Object) Draft {
	d := Draft{Services: map[string]project.Service{}, Parameters: map[string]project.Parameter{}}
	workloads := workloadsOf(objects)
	d.readServices(workloads)
	d.readConfigMap(objects)
	d.readEnv(workloads)
	d.readReplicas(objects, workloads)
	d.readHosts(objects, workloads)
	d.noteHostsInSettings()
	d.noteSecrets(objects)
	for _, o := range objects {
		d.namespace = d.namespace || o.Kind == "Namespace"
	}
	if d.namespace {
		d.note("the Namespace of the base is removed: every staging gets its own")
	}
	return d
}

func (d *Draft) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// readServices turns every image into a service, except official images (postgres,
// redis: images without an organisation). No branch builds these, unless all images are
// official.
func (d *Draft) readServices(workloads []workload) {
	ownOnly := slices.ContainsFunc(workloads, func(w workload) bool {
		return slices.ContainsFunc(w.containers, func(c container) bool { return !official(c.Image) })
	})
	byImage := map[string]string{}
	for _, w := range workloads {
		own := 0
		for i, c := range w.containers {
			if ownOnly && official(c.Image) {
				d.note("%s runs the official image %s: every staging runs this image, and no branch builds it", w.name, c.Image)
				continue
			}
			own++
			name := w.name
			if own > 1 {
				name += "-" + c.Name
			}
			d.readers = append(d.readers, reader{workload: w, index: i, name: name, envFrom: len(c.EnvFrom) > 0})
			if w.isEarly {
				d.note("%s %s runs before the sync, as a hook: it gets no new settings, whose ConfigMap comes later", w.kind, w.name)
			}
			d.readService(w, c, name, byImage)
		}
	}
}

func (d *Draft) readService(w workload, c container, name string, byImage map[string]string) {
	image := staging.ImageName(c.Image)
	if service, known := byImage[image]; known {
		d.note("%s runs the image of service %s, and is updated with it", w.name, service)
		return
	}
	byImage[image] = name
	service := project.Service{}
	if image != name {
		service.TemplateImage = image
	}
	if project.CheckImage(c.Image) == nil {
		service.Image = c.Image
	} else {
		d.note("the image of service %s has no tag in the base (%s): every deploy must pass an image until octopod.yaml has a default", name, c.Image)
	}
	d.Services[name] = service
	d.note("service %s: image %s of %s %s", name, image, w.kind, w.name)
}

// official reports whether an image is in Docker's official library: it has no organisation.
func official(image string) bool {
	return !strings.Contains(strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/"), "library/"), "/")
}

// readConfigMap finds the first ConfigMap in an envFrom of a service. Its keys are the
// names of the application's settings.
func (d *Draft) readConfigMap(objects []staging.Object) {
	for _, r := range d.readers {
		for _, from := range r.workload.containers[r.index].EnvFrom {
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
		for i, env := range r.workload.containers[r.index].Env {
			if len(env.ValueFrom) > 0 || env.Name == "" {
				continue
			}
			name := env.Name
			if _, taken := d.Parameters[name]; taken {
				name = r.name + "." + env.Name
			}
			to := project.Target{Patch: &project.PatchTarget{
				Kind: r.workload.kind, Name: r.workload.name,
				Pointer: fmt.Sprintf("%s/containers/%d/env/%d/value", r.workload.podPath, r.index, i),
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

// parameter declares a setting with the value in the base as its default. It skips a
// value that looks like a credential.
func (d *Draft) parameter(name, value string, to project.Target) bool {
	if what, yes := staging.DetectSecret(value); yes {
		d.note("%s looks like %s: it does not become a parameter, and belongs in a Secret", name, what)
		return false
	}
	p := project.Parameter{Default: value, To: to}
	if to.Patch == nil {
		p.Type, p.Default = guessType(value)
	}
	d.Parameters[name] = p
	return true
}

// guessType detects booleans and whole numbers. A patched variable stays text, because
// Kubernetes requires text there.
func guessType(value string) (project.Type, any) {
	if value == "true" || value == "false" {
		return project.TypeBoolean, value == "true"
	}
	if n, err := strconv.Atoi(value); err == nil && strconv.Itoa(n) == value {
		return project.TypeInteger, n
	}
	return "", value
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

// readHosts assigns a host to each service behind an Ingress. The first one gets {name}
// alone.
func (d *Draft) readHosts(objects []staging.Object, workloads []workload) {
	routes, tls := routesOf(objects)
	for _, r := range routes {
		service := d.serviceBehind(objects, workloads, r)
		if service == "" {
			d.note("Ingress %s, host %s: it does not route to a service of the project; set its host in the template", r.ingress, r.host)
			continue
		}
		declared := d.Services[service]
		if declared.Host == "" {
			declared.Host = "{name}"
			if len(d.routes) > 0 {
				declared.Host = service + "-{name}"
			}
			d.Services[service] = declared
		}
		d.routes = append(d.routes, servedRoute{route: r, to: service})
		d.note("Ingress %s, host %s: becomes %s of service %s", r.ingress, orNone([]string{r.host}), declared.Host, service)
	}
	d.readCertificates(tls)
}

// readCertificates assigns each host of a TLS entry to a service: that of the rule with
// the same host, or of the first rule that a wildcard covers.
func (d *Draft) readCertificates(tls []tlsHost) {
	for _, t := range tls {
		i := slices.IndexFunc(d.routes, func(r servedRoute) bool { return r.ingress == t.ingress && r.host == t.name })
		if i < 0 {
			i = slices.IndexFunc(d.routes, func(r servedRoute) bool { return r.ingress == t.ingress && covers(t.name, r.host) })
		}
		if i < 0 {
			d.note("Ingress %s, TLS host %s: no rule has this host; remove it from the template, or replace it by a host of the staging", t.ingress, t.name)
			continue
		}
		t.to = d.routes[i].to
		d.tls = append(d.tls, t)
	}
}

// covers reports whether a wildcard certificate covers a host.
func covers(wildcard, host string) bool {
	_, parent, ok := strings.Cut(host, ".")
	return ok && wildcard == "*."+parent
}

func (d *Draft) serviceBehind(objects []staging.Object, workloads []workload, r route) string {
	w, ok := behind(objects, r.service, workloads)
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
