package adopt

import (
	"maps"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// scaled reports whether an autoscaler sets the number of replicas of a workload.
func scaled(objects []staging.Object, w workload) bool {
	return slices.ContainsFunc(objects, func(o staging.Object) bool {
		var target struct{ Kind, Name string }
		decodeAt(o.JSON, "/spec/scaleTargetRef", &target)
		return target.Kind == w.kind && target.Name == w.name
	})
}

// noteHostsInSettings notes settings that contain a host of the base: every staging has
// another host.
func (d *Draft) noteHostsInSettings() {
	for _, name := range slices.Sorted(maps.Keys(d.values)) {
		text := d.values[name]
		for _, r := range d.hosts {
			if r.Host != "" && strings.Contains(text, r.Host) {
				d.note("setting %s contains the host %s, which differs in every staging: read it from the ConfigMap octopod, key url-%s", name, r.Host, r.to)
			}
		}
	}
}

// noteSecrets notes Secrets that objects require and the base does not contain. Something
// must create them in the new namespace of each staging.
func (d *Draft) noteSecrets(objects []staging.Object) {
	readers := map[string][]string{}
	for _, o := range objects {
		for _, name := range secretsOf(o) {
			inBase := slices.ContainsFunc(objects, func(o staging.Object) bool {
				return o.Kind == "Secret" && o.Name == name || staging.MadeSecret(o) == name
			})
			if !inBase && !slices.Contains(readers[name], o.Name) {
				readers[name] = append(readers[name], o.Name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(readers)) {
		d.note("%[2]s requires the Secret %[1]s, which is not in git: create it in the namespace of each staging, with spec.secrets, or with a SealedSecret or an ExternalSecret in the template",
			name, strings.Join(readers[name], ", "))
	}
}

// secretsOf lists the Secrets that an object requires.
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

// podSecrets holds the fields of a pod spec that reference Secrets.
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
