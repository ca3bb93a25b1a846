package render

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"octopod/generator/staging"
)

// nameJobs returns patches that name every Job by its content. The pods of a Job cannot
// change, so a changed Job must be a new object; and a Job that did not change must not
// run again. Argo CD deletes the earlier Job when the new one is applied. A hook keeps its
// name: Argo CD deletes it before it runs it again.
func nameJobs(objects []manifest) []staging.Patch {
	content := configMaps(objects)
	var patches []staging.Patch
	for _, m := range objects {
		if m.Kind != "Job" || m.isHook() {
			continue
		}
		if m.Spec.TTLSecondsAfterFinished != nil {
			// Kubernetes would delete the Job, and Argo CD would run it again, forever.
			patches = append(patches, withoutField(m.Object, "/spec/ttlSecondsAfterFinished")...)
		}
		patches = append(patches, staging.Patch{
			Kind: m.Kind, Name: m.Name, Op: "replace", Pointer: "/metadata/name", Value: m.jobName(content),
		})
	}
	return patches
}

// maxJobName leaves room for a hash within the 63 characters of a label, which holds the
// name of the Job.
const maxJobName = staging.MaxLabel - 1 - hashLength

// jobName returns the name of a Job with a hash of what it does: its spec, and the
// ConfigMaps that it reads.
func (m manifest) jobName(content map[string]string) string {
	var job struct{ Spec json.RawMessage }
	_ = json.Unmarshal(m.JSON, &job) // it was rendered from JSON
	parts := append([]string{m.Name, string(job.Spec)}, m.pod().reads(content)...)
	return m.Name[:min(len(m.Name), maxJobName)] + "-" + hashOf(parts...)
}

const hashLength = 10

// hashOf returns a hash of texts that staging.StableName recognizes at the end of a name.
func hashOf(texts ...string) string {
	h := sha256.New()
	for _, text := range texts {
		_, _ = h.Write(append([]byte(text), 0)) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil))[:hashLength]
}

type podTemplate struct {
	Metadata struct{ Labels map[string]string }
	Spec     podSpec
}

// podSpec holds the fields of a pod that arrange reads.
type podSpec struct {
	InitContainers, Containers []podContainer
	Volumes                    []struct {
		ConfigMap podReference
		Projected struct {
			Sources []struct{ ConfigMap podReference }
		}
	}
}

type podContainer struct {
	Resources struct {
		Requests, Limits map[string]any
	}
	EnvFrom []struct{ ConfigMapRef podReference }
	Env     []struct {
		ValueFrom struct{ ConfigMapKeyRef podReference }
	}
}

type podReference struct{ Name string }

// allContainers returns the containers of both lists.
func (p podSpec) allContainers() []podContainer {
	return append(append([]podContainer{}, p.InitContainers...), p.Containers...)
}

// reads returns the content of the ConfigMaps that a pod refers to, each once, in the
// order of the references.
func (p podSpec) reads(content map[string]string) []string {
	var read []string
	seen := map[string]bool{}
	add := func(r podReference) {
		if text, known := content[r.Name]; known && !seen[r.Name] {
			seen[r.Name] = true
			read = append(read, text)
		}
	}
	for _, c := range p.allContainers() {
		for _, from := range c.EnvFrom {
			add(from.ConfigMapRef)
		}
		for _, env := range c.Env {
			add(env.ValueFrom.ConfigMapKeyRef)
		}
	}
	for _, v := range p.Volumes {
		add(v.ConfigMap)
		for _, source := range v.Projected.Sources {
			add(source.ConfigMap)
		}
	}
	return read
}
