package check

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"octopod/generator/staging"
)

// step is the place of an object in a sync. Argo CD creates all objects of a step, and
// waits for them before the next one.
type step struct{ phase, wave int }

// The phases of a sync. A plain object is in the second one.
const (
	preSync = iota
	inSync
	postSync
)

// phases maps the kinds of hooks to their phase. Other hooks are no part of a normal sync.
var phases = map[string]int{
	"PreSync": preSync, "Sync": inSync, "PostSync": postSync,
	"pre-install": preSync, "pre-upgrade": preSync, "post-install": postSync, "post-upgrade": postSync,
}

func (s step) before(other step) bool {
	return s.phase < other.phase || s.phase == other.phase && s.wave < other.wave
}

func (s step) String() string {
	if s.phase == inSync {
		return fmt.Sprintf("in sync wave %d", s.wave)
	}
	return [...]string{preSync: "before the sync, as a hook,", postSync: "after the sync, as a hook,"}[s.phase]
}

// stepOf returns the first step that creates an object; ok is false if no step does.
func stepOf(o *object) (first step, ok bool) {
	annotation := func(argo, helm string) string {
		if value := o.meta.Annotations[argo]; value != "" {
			return value
		}
		return o.meta.Annotations[helm]
	}
	first.wave, _ = strconv.Atoi(annotation("argocd.argoproj.io/sync-wave", "helm.sh/hook-weight")) // Argo CD ignores another text
	hooks := annotation("argocd.argoproj.io/hook", "helm.sh/hook")
	if hooks == "" {
		first.phase = inSync
		return first, true
	}
	for hook := range strings.SplitSeq(hooks, ",") {
		if phase, known := phases[strings.TrimSpace(hook)]; known && (!ok || phase < first.phase) {
			first.phase, ok = phase, true
		}
	}
	return first, ok
}

// EarlyJob returns the first Job that other objects wait for, because they come in a later
// sync wave; "" if there is none.
func EarlyJob(objects []staging.Object) string {
	job, last := "", step{}
	var first step
	for _, o := range objects {
		decoded := decode(o)
		if !decoded.isCheckable() {
			continue
		}
		s, ok := stepOf(decoded)
		if !ok || s.phase != inSync {
			continue
		}
		if o.Kind == "Job" && (job == "" || s.before(first)) {
			job, first = o.Kind+"/"+staging.StableName(o.Kind, o.Name), s
		}
		if last.before(s) {
			last = s
		}
	}
	if first.before(last) {
		return job
	}
	return ""
}

// checkSyncOrder implements the rule sync-order.
func checkSyncOrder(c check, objects []*object) {
	steps := map[string]step{}
	for _, o := range objects {
		if !o.isCheckable() {
			continue
		}
		if s, ok := stepOf(o); ok {
			steps[o.String()] = s
			if made := staging.MadeSecret(o.Object); made != "" {
				steps["Secret/"+made] = s
			}
		}
	}
	for _, o := range objects {
		own, ok := steps[o.String()]
		if !ok || o.Kind == "CronJob" { // Argo CD does not wait for its pods
			continue
		}
		c.o = o
		for _, pod := range o.pods {
			c.checkNeeds(pod, own, steps)
		}
	}
}

// checkNeeds rejects a pod that needs an object of a later step.
func (c check) checkNeeds(pod podRef, own step, steps map[string]step) {
	reported := map[string]bool{}
	for _, need := range needsOf(pod) {
		later, rendered := steps[need]
		if !rendered || !own.before(later) || reported[need] {
			continue
		}
		reported[need] = true
		advice := fmt.Sprintf("give %s the sync wave of %s", need, c.o)
		if own.phase == preSync {
			advice = `remove the hook, and add the annotation argocd.argoproj.io/sync-wave: "-1"; Octopod names a Job by its content, so that it runs once for each change`
		}
		c.reject(pod.path, "runs %s and needs %s, which comes %s: %s", own, need, strings.Trim(later.String(), ","), advice)
	}
}

// needsOf lists the objects without which a pod does not start.
func needsOf(pod podRef) []string {
	var needs []string
	add := func(kind, name string, optional *bool) {
		if name != "" && (optional == nil || !*optional) {
			needs = append(needs, kind+"/"+name)
		}
	}
	add("ServiceAccount", pod.spec.ServiceAccountName, nil)
	for _, ctr := range pod.containers() {
		for _, from := range ctr.EnvFrom {
			if ref := from.ConfigMapRef; ref != nil {
				add("ConfigMap", ref.Name, ref.Optional)
			}
			if ref := from.SecretRef; ref != nil {
				add("Secret", ref.Name, ref.Optional)
			}
		}
		for _, env := range ctr.Env {
			addEnvSource(env.ValueFrom, add)
		}
	}
	for i := range pod.spec.Volumes {
		addVolume(&pod.spec.Volumes[i].VolumeSource, add)
	}
	return needs
}

func addEnvSource(from *corev1.EnvVarSource, add func(kind, name string, optional *bool)) {
	if from == nil {
		return
	}
	if ref := from.ConfigMapKeyRef; ref != nil {
		add("ConfigMap", ref.Name, ref.Optional)
	}
	if ref := from.SecretKeyRef; ref != nil {
		add("Secret", ref.Name, ref.Optional)
	}
}

func addVolume(v *corev1.VolumeSource, add func(kind, name string, optional *bool)) {
	if v.ConfigMap != nil {
		add("ConfigMap", v.ConfigMap.Name, v.ConfigMap.Optional)
	}
	if v.Secret != nil {
		add("Secret", v.Secret.SecretName, v.Secret.Optional)
	}
	if v.PersistentVolumeClaim != nil {
		add("PersistentVolumeClaim", v.PersistentVolumeClaim.ClaimName, nil)
	}
	if v.Projected == nil {
		return
	}
	for _, source := range v.Projected.Sources {
		if source.ConfigMap != nil {
			add("ConfigMap", source.ConfigMap.Name, source.ConfigMap.Optional)
		}
		if source.Secret != nil {
			add("Secret", source.Secret.Name, source.Secret.Optional)
		}
	}
}
