package render

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// arrange adds to params what the objects of the template need. No patch of it fails or
// overwrites anything when the template changes later.
func arrange(params staging.Params, rendered []staging.Object) staging.Params {
	k := &params.Kustomize
	objects := decodeManifests(rendered)
	objects = slices.DeleteFunc(objects, func(m manifest) bool { return m.Kind == "Job" && slices.Contains(k.Arrangement.Ended, m.Name) })
	k.Patches = slices.Clone(k.Patches)
	switch {
	case params.State == staging.Active:
		k.Patches = append(k.Patches, autoscaled(k.Replicas, objects)...)
	case params.State == staging.Archived && slices.ContainsFunc(objects, isJob):
		params.Asleep = withoutJobs(params.Asleep)
		objects = slices.DeleteFunc(objects, isJob)
	}
	k.Patches = append(k.Patches, noticeSettings(*k, objects)...)
	k.Patches = append(k.Patches, nameJobs(objects)...)
	if m := migrationOf(params, objects); m != nil {
		k.Arrangement.Migration, objects = m.source(objects), append(objects, *m)
	}
	k.Arrangement.Wave, k.Arrangement.Settings = firstWave(params, objects)
	k.Arrangement.Requests, k.Arrangement.Limits = defaultResources(params.Quota, objects)
	k.Arrangement.ServerSide = serverSide(objects)
	return params
}

func isJob(m manifest) bool { return m.Kind == "Job" }

// withoutJobs returns the rules of an archived staging with a rule that removes Jobs
// instead of suspending them: a sync would wait for a suspended Job forever, and count a
// resumed Job as complete while it runs.
func withoutJobs(asleep []staging.ArchiveFix) []staging.ArchiveFix {
	others := slices.DeleteFunc(slices.Clone(asleep), func(f staging.ArchiveFix) bool { return f.Kind == "Job" })
	return append(others, staging.ArchiveFix{Kind: "Job"})
}

// manifest is an object with the fields that arrange reads.
type manifest struct {
	staging.Object
	Metadata struct {
		Annotations map[string]string
	}
	Data, BinaryData json.RawMessage
	Spec             struct {
		podSpec     // of a Pod
		Template    podTemplate
		JobTemplate struct {
			Spec struct{ Template podTemplate }
		}
		Replicas                *float64
		TTLSecondsAfterFinished *float64
		ScaleTargetRef          struct{ Kind, Name string }
	}
}

func decodeManifests(objects []staging.Object) []manifest {
	all := make([]manifest, len(objects))
	for i, o := range objects {
		_ = json.Unmarshal(o.JSON, &all[i]) // a custom kind may have other types; the checks report those of built-in kinds
		all[i].Object = o
	}
	return all
}

// pod returns the pod spec of a workload; it is empty for other objects.
func (m manifest) pod() podSpec {
	switch {
	case len(m.Spec.Containers) > 0:
		return m.Spec.podSpec
	case m.Kind == "CronJob":
		return m.Spec.JobTemplate.Spec.Template.Spec
	}
	return m.Spec.Template.Spec
}

// isHook reports whether Argo CD runs an object in a phase of its own, and recreates it
// each time.
func (m manifest) isHook() bool {
	return m.Metadata.Annotations[argoHook] != "" || m.Metadata.Annotations[helmHook] != ""
}

// wave returns the sync wave of an object. Argo CD ignores a wave that is no number.
func (m manifest) wave() int {
	wave, _ := strconv.Atoi(m.Metadata.Annotations[syncWave])
	return wave
}

// firstWave returns the sync wave before the first object of the template, for what
// Octopod writes, and whether the ConfigMap of the app settings must go there, too. Where
// no object comes before the default wave, the order of kinds suffices.
func firstWave(params staging.Params, objects []manifest) (wave string, settings bool) {
	first := 0
	for _, m := range objects {
		isSettings := m.Kind == "ConfigMap" && staging.StableName(m.Kind, m.Name) == params.Kustomize.ConfigMap
		switch {
		case isSettings && m.Metadata.Annotations[syncWave] == "":
			settings = true
		case !m.isHook():
			first = min(first, m.wave())
		}
	}
	if first == 0 {
		return "", false
	}
	return strconv.Itoa(first - 1), settings
}

// autoscaled returns patches that leave the number of replicas to an autoscaler. Argo CD
// would set it back each time. A parameter for the replicas takes precedence.
func autoscaled(set []staging.Replicas, objects []manifest) []staging.Patch {
	var patches []staging.Patch
	for _, scaler := range objects {
		to := scaler.Spec.ScaleTargetRef
		if to.Kind == "" {
			to.Kind = "Deployment" // the default of KEDA
		}
		for _, m := range objects {
			isSet := slices.ContainsFunc(set, func(r staging.Replicas) bool { return r.Workload == m.Name })
			if m.Kind == to.Kind && m.Name == to.Name && m.Spec.Replicas != nil && !isSet {
				patches = append(patches, withoutField(m.Object, "/spec/replicas")...)
			}
		}
	}
	return patches
}

// withoutField returns patches that remove a field, which may be missing one day: so they
// add it first.
func withoutField(o staging.Object, pointer string) []staging.Patch {
	return []staging.Patch{
		{Kind: o.Kind, Name: o.Name, Op: "add", Pointer: pointer, Value: 0},
		{Kind: o.Kind, Name: o.Name, Op: "remove", Pointer: pointer},
	}
}

// maxClientSide is the size of an object above which Argo CD must apply it on the server's
// side. A client-side apply keeps a copy in the annotations, which hold 256 KiB.
const maxClientSide = 240 << 10

// serverSide returns the sync options of the objects that are too large for a client-side
// apply.
func serverSide(objects []manifest) []staging.Annotated {
	var large []staging.Annotated
	for _, m := range objects {
		if len(m.JSON) <= maxClientSide {
			continue
		}
		options := "ServerSideApply=true"
		if others := m.Metadata.Annotations[syncOptions]; others != "" {
			options = others + "," + options
		}
		large = append(large, staging.Annotated{Kind: m.Kind, Name: m.Name, Value: options})
	}
	return large
}

// configMaps returns the content of the ConfigMaps whose names do not depend on it.
func configMaps(objects []manifest) map[string]string {
	content := map[string]string{}
	for _, m := range objects {
		if m.Kind == "ConfigMap" && m.Name != factsName && staging.StableName(m.Kind, m.Name) == m.Name {
			content[m.Name] = string(m.Data) + string(m.BinaryData)
		}
	}
	return content
}

// noticeSettings returns patches that label pods with a hash of the plain ConfigMaps that
// they read and that Octopod changes, so that a changed setting restarts them. A generated
// ConfigMap needs none: its name has a hash.
func noticeSettings(k staging.KustomizeParams, objects []manifest) []staging.Patch {
	changed := map[string]bool{k.ConfigMap: true}
	for _, p := range k.Patches {
		changed[p.Name] = changed[p.Name] || p.Kind == "ConfigMap"
	}
	content := configMaps(objects)
	maps.DeleteFunc(content, func(name, _ string) bool { return !changed[name] })
	var patches []staging.Patch
	for _, m := range objects {
		read := m.pod().reads(content)
		if len(m.Spec.Template.Metadata.Labels) == 0 || m.Kind == "Job" || len(read) == 0 {
			continue // a Job has a new name instead, and a CronJob starts new pods anyway
		}
		patches = append(patches, staging.Patch{
			Kind: m.Kind, Name: m.Name, Op: "add",
			Pointer: "/spec/template/metadata/labels/" + escapePointer(project.LabelSettings), Value: hashOf(read...),
		})
	}
	return patches
}
