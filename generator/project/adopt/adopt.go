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

// Draft is what could be read off a base.
type Draft struct {
	Services   map[string]project.Service
	Parameters map[string]project.Parameter
	ConfigMap  string   // of the base, that containers read their settings from; "" when there is none
	Notes      []string // what was found and decided, one sentence each

	settings map[string]string // of ConfigMap
	readers  []reader          // containers of services, which read the settings
	routes   []servedRoute
	tls      []tlsHost
	removed  bool // the base brings a Namespace
}

// reader is a container of a service.
type reader struct {
	workload workload
	index    int
	name     string // of its workload; of the second one in a pod and the next with its own
	envFrom  bool   // it reads some ConfigMap or Secret as a whole already
}

// servedRoute is a rule of an Ingress and the service of ours behind it.
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
		d.removed = d.removed || o.Kind == "Namespace"
	}
	if d.removed {
		d.note("its Namespace is left out: every staging gets its own")
	}
	return d
}

func (d *Draft) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// readServices: every image of a team's own is a service. Official images
// (postgres, redis: no organisation in front) are parts of the staging that no
// branch builds, unless there is nothing else.
func (d *Draft) readServices(workloads []workload) {
	ownOnly := slices.ContainsFunc(workloads, func(w workload) bool {
		return slices.ContainsFunc(w.containers, func(c container) bool { return !official(c.Image) })
	})
	byImage := map[string]string{}
	for _, w := range workloads {
		own := 0
		for i, c := range w.containers {
			if ownOnly && official(c.Image) {
				d.note("%s runs the official image %s: part of every staging, built by no branch", w.name, c.Image)
				continue
			}
			own++
			name := w.name
			if own > 1 {
				name += "-" + c.Name
			}
			d.readers = append(d.readers, reader{workload: w, index: i, name: name, envFrom: len(c.EnvFrom) > 0})
			d.readService(w, c, name, byImage)
		}
	}
}

func (d *Draft) readService(w workload, c container, name string, byImage map[string]string) {
	image := imageName(c.Image)
	if service, known := byImage[image]; known {
		d.note("%s runs the image of service %s, and changes with it", w.name, service)
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
		d.note("service %s has no tag in the base (%s): a deploy must give its image until octopod.yaml names a default", name, c.Image)
	}
	d.Services[name] = service
	d.note("service %s: image %s of %s %s", name, image, w.kind, w.name)
}

// official tells an image of Docker's own library by its missing organisation.
func official(image string) bool {
	return !strings.Contains(strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/"), "library/"), "/")
}

// imageName is an image reference without tag and digest.
func imageName(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		return ref[:i]
	}
	return ref
}

// readConfigMap takes the first ConfigMap that a service reads as a whole:
// its keys are what the application's settings are called.
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
	d.note("no container reads a ConfigMap as a whole: new settings are added to every service's environment")
}

// readEnv makes parameters of variables that are written into a container.
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
		d.note("settings from containers' variables: %s", strings.Join(names, ", "))
	}
}

// parameter declares a setting with the base's value as its default. What
// looks like a credential is left alone.
func (d *Draft) parameter(name, value string, to project.Target) bool {
	if what, yes := staging.DetectSecret(value); yes {
		d.note("%s looks like %s: it is no parameter, and belongs in a Secret", name, what)
		return false
	}
	p := project.Parameter{Default: value, To: to}
	if to.Patch == nil {
		p.Type, p.Default = guessType(value)
	}
	d.Parameters[name] = p
	return true
}

// guessType reads true, false and whole numbers as what they are. A patched
// variable stays text, since Kubernetes wants text there.
func guessType(value string) (project.Type, any) {
	if value == "true" || value == "false" {
		return project.TypeBoolean, value == "true"
	}
	if n, err := strconv.Atoi(value); err == nil && strconv.Itoa(n) == value {
		return project.TypeInteger, n
	}
	return "", value
}

// maxReplicas bounds what a person may ask of one workload.
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

// readHosts gives each service behind an Ingress a host of its own. The first
// one gets the bare name.
func (d *Draft) readHosts(objects []staging.Object, workloads []workload) {
	routes, tls := routesOf(objects)
	for _, r := range routes {
		service := d.serviceBehind(objects, workloads, r)
		if service == "" {
			d.note("Ingress %s, host %s: no service of the project is behind it; set its host in the template", r.ingress, r.host)
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

// readCertificates gives every host of a TLS entry the host of the service that
// it is for: of the rule with the same host, or the first that a wildcard covers.
func (d *Draft) readCertificates(tls []tlsHost) {
	for _, t := range tls {
		i := slices.IndexFunc(d.routes, func(r servedRoute) bool { return r.ingress == t.ingress && r.host == t.name })
		if i < 0 {
			i = slices.IndexFunc(d.routes, func(r servedRoute) bool { return r.ingress == t.ingress && covers(t.name, r.host) })
		}
		if i < 0 {
			d.note("Ingress %s, TLS host %s: no rule is behind it; take it out of the template, or name a host of the staging", t.ingress, t.name)
			continue
		}
		t.to = d.routes[i].to
		d.tls = append(d.tls, t)
	}
}

// covers tells whether a wildcard certificate is good for a host.
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
		if slices.ContainsFunc(w.containers, func(c container) bool { return imageName(c.Image) == image }) {
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
