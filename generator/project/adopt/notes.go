package adopt

import (
	"maps"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// scaled tells whether an autoscaler decides how many copies of a workload run.
func scaled(objects []staging.Object, w workload) bool {
	return slices.ContainsFunc(objects, func(o staging.Object) bool {
		var target struct{ Kind, Name string }
		decodeAt(o.JSON, "/spec/scaleTargetRef", &target)
		return target.Kind == w.kind && target.Name == w.name
	})
}

// noteHostsInSettings finds settings that hold an address of the base, which
// is another one in every staging.
func (d *Draft) noteHostsInSettings() {
	for _, name := range slices.Sorted(maps.Keys(d.Parameters)) {
		text := staging.FormatValue(d.Parameters[name].Default)
		for _, r := range d.routes {
			if r.host != "" && strings.Contains(text, r.host) {
				d.note("setting %s holds the host %s, which every staging has its own of: read it from ConfigMap octopod, key url-%s", name, r.host, r.to)
			}
		}
	}
}

// noteSecrets names Secrets that are read and that the base does not bring:
// every staging's namespace is new, so something must make them there.
func (d *Draft) noteSecrets(objects []staging.Object) {
	readers := map[string][]string{}
	for _, o := range objects {
		for _, name := range secretsOf(o) {
			brought := slices.ContainsFunc(objects, func(o staging.Object) bool { return o.Kind == "Secret" && o.Name == name })
			if !brought && !slices.Contains(readers[name], o.Name) {
				readers[name] = append(readers[name], o.Name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(readers)) {
		d.note("Secret %s is read by %s and not in git: make it in the namespace of each staging, with a SealedSecret or an ExternalSecret in the template",
			name, strings.Join(readers[name], ", "))
	}
}

// secretsOf names the Secrets that an object cannot do without.
func secretsOf(o staging.Object) []string {
	var names []string
	add := func(name string, optional bool) {
		if name != "" && !optional {
			names = append(names, name)
		}
	}
	var pod podSecrets
	decodeAt(o.JSON, podPath(o.Kind), &pod)
	for _, pull := range pod.ImagePullSecrets {
		add(pull.Name, false)
	}
	for _, v := range pod.Volumes {
		add(v.Secret.SecretName, v.Secret.Optional)
	}
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil {
				add(from.SecretRef.Name, from.SecretRef.Optional)
			}
		}
		for _, env := range c.Env {
			var ref struct {
				Name     string `json:"name"`
				Optional bool   `json:"optional"`
			}
			decodeAt(env.ValueFrom, "/secretKeyRef", &ref)
			add(ref.Name, ref.Optional)
		}
	}
	if o.Kind == "Ingress" {
		var tls []struct{ SecretName string }
		decodeAt(o.JSON, "/spec/tls", &tls)
		for _, t := range tls {
			add(t.SecretName, false)
		}
	}
	return names
}

// podSecrets is where a pod spec names Secrets.
type podSecrets struct {
	ImagePullSecrets           []struct{ Name string }
	InitContainers, Containers []container
	Volumes                    []struct {
		Secret struct {
			SecretName string
			Optional   bool
		}
	}
}
