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
		text := staging.Text(d.Parameters[name].Default)
		for _, r := range d.routes {
			if r.host != "" && strings.Contains(text, r.host) {
				d.note("setting %s holds the host %s, which every staging has its own of: read it from ConfigMap octopod, key url-%s", name, r.host, r.to)
			}
		}
	}
}

// noteSecrets names Secrets that containers read and the base does not bring:
// every staging's namespace is new, so something must make them there.
func (d *Draft) noteSecrets(objects []staging.Object, workloads []workload) {
	readers := map[string][]string{}
	for _, w := range workloads {
		for _, name := range secretsOf(w) {
			brought := slices.ContainsFunc(objects, func(o staging.Object) bool { return o.Kind == "Secret" && o.Name == name })
			if !brought && !slices.Contains(readers[name], w.name) {
				readers[name] = append(readers[name], w.name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(readers)) {
		d.note("Secret %s is read by %s and not in the base: something must make it in the namespace of each staging",
			name, strings.Join(readers[name], ", "))
	}
}

// secretsOf names the Secrets that a workload's containers cannot start without.
func secretsOf(w workload) []string {
	var names []string
	for _, c := range w.containers {
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil && !from.SecretRef.Optional {
				names = append(names, from.SecretRef.Name)
			}
		}
		for _, env := range c.Env {
			var ref struct {
				Name     string `json:"name"`
				Optional bool   `json:"optional"`
			}
			decodeAt(env.ValueFrom, "/secretKeyRef", &ref)
			if ref.Name != "" && !ref.Optional {
				names = append(names, ref.Name)
			}
		}
	}
	return names
}
