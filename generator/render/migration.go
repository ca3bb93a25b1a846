package render

import (
	"encoding/json"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// migrationOf returns the Job of the migration, named by its content: the container of the
// service with another command, so that it has the image, the environment and the volumes
// of the service. It returns nil without a migration, and where no workload runs the image
// of the service.
func migrationOf(params staging.Params, objects []manifest) *manifest {
	if params.Database == nil || params.Database.Migrate == nil {
		return nil
	}
	pod, container := serviceContainer(params.Database.Migrate.Image, objects)
	if container == nil {
		return nil
	}
	migrates := job(params, migrateName, waveMigration, migrationPod(pod, container, params.Database.Migrate.Command))
	name := decodeManifest(migrateName, migrates).jobName(configMaps(objects))
	migrates["metadata"] = ownMetadata(params, name, fields{syncWave: waveMigration})
	m := decodeManifest(name, migrates)
	return &m
}

func decodeManifest(name string, f fields) manifest {
	text, _ := json.Marshal(f) // of strings, numbers, lists and objects
	return decodeManifests([]staging.Object{{APIVersion: "batch/v1", Kind: "Job", Name: name, JSON: text}})[0]
}

// serviceContainer returns the first container of a workload that runs an image, and its
// pod; nil if none does.
func serviceContainer(image string, objects []manifest) (pod, container fields) {
	for _, o := range objects {
		if !slices.Contains(staging.WorkloadKinds(), o.Kind) && !slices.Contains(staging.CustomWorkloadKinds(), o.Kind) {
			continue
		}
		pod := podOf(o)
		if container := containerOf(pod, image); container != nil {
			return pod, container
		}
	}
	return nil, nil
}

// podOf returns the pod spec of a workload, with all its fields.
func podOf(m manifest) fields {
	var workload struct {
		Spec struct{ Template struct{ Spec fields } }
	}
	_ = json.Unmarshal(m.JSON, &workload) // it was rendered from JSON
	return workload.Spec.Template.Spec
}

// containerOf returns the container that runs an image; nil if none does.
func containerOf(pod fields, image string) fields {
	containers, _ := pod["containers"].([]any)
	for _, c := range containers {
		if container, _ := c.(fields); container != nil && container["image"] == withTag(image) {
			return container
		}
	}
	return nil
}

// withTag returns an image as the overlay writes it: with the tag latest, if it has none.
func withTag(image string) string {
	o := newImage(staging.Image{Reference: image})
	switch {
	case o.Digest != "" && o.NewTag != "":
		return o.NewName + ":" + o.NewTag + "@" + o.Digest
	case o.Digest != "":
		return o.NewName + "@" + o.Digest
	}
	return o.NewName + ":" + o.NewTag
}

// onlyWhileServing are the fields of a container that make no sense for one that ends.
var onlyWhileServing = []string{"args", "ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"}

// migrationPod returns the pod of a migration. It leaves out what does not exist before
// the first version runs: volume claims, and the service account of the template.
func migrationPod(pod, container fields, command []string) fields {
	container = cloneFields(container)
	for _, name := range onlyWhileServing {
		delete(container, name)
	}
	container["name"], container["command"], container["terminationMessagePolicy"] = migrateName, texts(command), "FallbackToLogsOnError"
	migrates := fields{"restartPolicy": "Never", "automountServiceAccountToken": false, "containers": []any{container}}
	for _, name := range []string{"securityContext", "imagePullSecrets", "nodeSelector", "tolerations"} {
		if value, ok := pod[name]; ok {
			migrates[name] = value
		}
	}
	claims := map[any]bool{}
	var volumes []any
	for _, v := range listOf(pod["volumes"]) {
		volume, _ := v.(fields)
		if volume["persistentVolumeClaim"] != nil {
			claims[volume["name"]] = true
			continue
		}
		volumes = append(volumes, v)
	}
	if len(volumes) > 0 {
		migrates["volumes"] = volumes
	}
	container["volumeMounts"] = slices.DeleteFunc(slices.Clone(listOf(container["volumeMounts"])), func(mount any) bool {
		m, _ := mount.(fields)
		return claims[m["name"]]
	})
	if len(listOf(container["volumeMounts"])) == 0 {
		delete(container, "volumeMounts")
	}
	return migrates
}

func listOf(value any) []any {
	list, _ := value.([]any)
	return list
}

func cloneFields(f fields) fields {
	c := fields{}
	for key, value := range f {
		c[key] = value
	}
	return c
}

// source returns the Job of a migration as the overlay needs it: there, a generated
// ConfigMap has no hash in its name yet.
func (m manifest) source(objects []manifest) any {
	text := string(m.JSON)
	for _, o := range objects {
		if stable := staging.StableName(o.Kind, o.Name); o.Kind == "ConfigMap" && stable != o.Name {
			text = strings.ReplaceAll(text, `"`+o.Name+`"`, `"`+stable+`"`)
		}
	}
	return decodeFields([]byte(text))
}

// decodeFields decodes an object. Whole numbers stay whole: YAML would get 1e+07.
func decodeFields(text []byte) fields {
	var f fields
	_ = json.Unmarshal(text, &f) // it was encoded as JSON
	whole, _ := wholeNumbers(f).(fields)
	return whole
}

func wholeNumbers(value any) any {
	switch value := value.(type) {
	case float64:
		if whole := int64(value); float64(whole) == value {
			return whole
		}
	case []any:
		for i := range value {
			value[i] = wholeNumbers(value[i])
		}
	case fields:
		for key := range value {
			value[key] = wholeNumbers(value[key])
		}
	}
	return value
}
