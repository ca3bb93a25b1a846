package helm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/release"
)

const (
	hookAnnotation   = release.HookAnnotation
	weightAnnotation = release.HookWeightAnnotation
	argoHook         = "argocd.argoproj.io/hook"
	syncWave         = "argocd.argoproj.io/sync-wave"
)

// phase is the time at which Argo CD applies the object of a hook.
type phase int

const (
	never  phase = iota // hooks of tests, deletes and rollbacks
	before              // the other objects
	after
)

// phaseOf returns the phase of the events of a hook. A hook that Helm does not run before
// the first installation needs objects of the release, so it comes after them.
func phaseOf(events string) phase {
	has := func(event string) bool {
		return slices.ContainsFunc(strings.Split(events, ","), func(e string) bool { return strings.EqualFold(strings.TrimSpace(e), event) })
	}
	switch {
	case has("post-install"):
		return after
	case has("pre-install"):
		return before
	case has("pre-upgrade"), has("post-upgrade"):
		return after
	}
	return never
}

// hook is an object of a hook.
type hook struct {
	object map[string]any
	events string
	weight int
}

// waves arranges the objects of a chart.
type waves struct {
	main          []map[string]any
	before, after []hook
	tests, others int // hooks that are left out
}

// add adds the objects of a hook.
func (w *waves) add(h *release.Hook, objects []map[string]any) {
	for _, o := range objects {
		annotations := annotationsOf(o)
		if annotations[argoHook] != nil { // the chart is made for Argo CD
			w.main = append(w.main, o)
			continue
		}
		events := fmt.Sprint(annotations[hookAnnotation])
		one := hook{o, events, h.Weight}
		switch phaseOf(events) {
		case before:
			w.before = append(w.before, one)
		case after:
			w.after = append(w.after, one)
		case never:
			if slices.Contains(h.Events, release.HookTest) {
				w.tests++
			} else {
				w.others++
			}
		}
	}
}

// arrange returns all objects, each hook in a sync wave: Argo CD would run the hook in a
// phase before the objects that it needs, and skip it in some syncs.
func (w *waves) arrange(notes []string) ([]map[string]any, []string) {
	lowest, highest := 0, 0
	for _, o := range w.main {
		wave, _ := strconv.Atoi(fmt.Sprint(annotationsOf(o)[syncWave])) // Argo CD ignores another text
		lowest, highest = min(lowest, wave), max(highest, wave)
	}
	weights := weightsOf(w.before)
	first := lowest - len(weights)
	for _, h := range w.before {
		notes = append(notes, h.place(first+slices.Index(weights, h.weight), "before the other objects"))
	}
	if len(w.before) > 0 {
		notes = append(notes, w.placeNeeds(first)...)
	}
	weights = weightsOf(w.after)
	for _, h := range w.after {
		when := "when the other objects are healthy"
		if strings.Contains(h.events, "pre-") {
			when += ": Helm does not run it before a first installation"
		}
		notes = append(notes, h.place(highest+1+slices.Index(weights, h.weight), when))
	}
	if w.tests > 0 {
		notes = append(notes, "left out the tests of the chart: Argo CD would run them with each deploy")
	}
	if w.others > 0 {
		notes = append(notes, "left out the hooks for deletes and rollbacks: spec.lifecycle.teardown is for Jobs that run at a delete")
	}
	all := w.main
	for _, h := range slices.Concat(w.before, w.after) {
		all = append(all, h.object)
	}
	return all, notes
}

func weightsOf(hooks []hook) []int {
	var weights []int
	for _, h := range hooks {
		weights = append(weights, h.weight)
	}
	slices.Sort(weights)
	return slices.Compact(weights)
}

// place puts the object of a hook into a wave, and returns a note.
func (h hook) place(wave int, when string) string {
	annotations := annotationsOf(h.object)
	for _, key := range []string{hookAnnotation, weightAnnotation, release.HookDeleteAnnotation, release.HookOutputLogAnnotation} {
		delete(annotations, key)
	}
	setWave(h.object, wave)
	return fmt.Sprintf("%s is a hook (%s): it becomes an object of sync wave %d, %s", nameOf(h.object), h.events, wave, when)
}

// placeNeeds puts the objects that early hooks refer to before them, and returns a note for
// each. A volume claim goes into the wave of the hook: it may wait for the pod that uses it.
func (w *waves) placeNeeds(first int) []string {
	needed := map[string]bool{}
	for _, h := range w.before {
		references(h.object, needed)
	}
	var notes []string
	for _, o := range w.main {
		kind, name, _ := strings.Cut(nameOf(o), "/")
		wave := first - 1
		switch kind {
		case "ConfigMap", "Secret", "ServiceAccount":
			if !needed[kind+"/"+name] {
				continue
			}
		case "ExternalSecret", "SealedSecret":
			if !needed["Secret/"+name] {
				continue
			}
		case "Role", "RoleBinding":
			if !slices.ContainsFunc(sortedKeys(needed), func(n string) bool { return strings.HasPrefix(n, "ServiceAccount/") }) {
				continue
			}
		case "PersistentVolumeClaim":
			if !needed[kind+"/"+name] {
				continue
			}
			wave = first
		default:
			continue
		}
		setWave(o, wave)
		notes = append(notes, fmt.Sprintf("%s goes into sync wave %d, because a hook needs it", nameOf(o), wave))
	}
	return notes
}

// references collects the objects that a hook refers to, as Kind/name.
func references(value any, found map[string]bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			references(item, found)
		}
	case map[string]any:
		for key, below := range value {
			fields, _ := below.(map[string]any)
			switch key {
			case "configMapRef", "configMapKeyRef", "configMap":
				found["ConfigMap/"+text(fields["name"])] = true
			case "secretRef", "secretKeyRef":
				found["Secret/"+text(fields["name"])] = true
			case "secret":
				found["Secret/"+text(fields["secretName"])] = true
			case "serviceAccountName":
				found["ServiceAccount/"+text(below)] = true
			case "persistentVolumeClaim":
				found["PersistentVolumeClaim/"+text(fields["claimName"])] = true
			case "imagePullSecrets":
				items, _ := below.([]any)
				for _, item := range items {
					fields, _ := item.(map[string]any)
					found["Secret/"+text(fields["name"])] = true
				}
			}
			references(below, found)
		}
	}
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// annotationsOf returns the annotations of an object; it may be nil.
func annotationsOf(o map[string]any) map[string]any {
	meta, _ := o["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	return annotations
}

func setWave(o map[string]any, wave int) {
	meta, ok := o["metadata"].(map[string]any)
	if !ok {
		return // the checks reject an object without metadata
	}
	annotations := annotationsOf(o)
	if annotations == nil {
		annotations = map[string]any{}
		meta["annotations"] = annotations
	}
	annotations[syncWave] = strconv.Itoa(wave)
}

// nameOf returns Kind/name of an object.
func nameOf(o map[string]any) string {
	meta, _ := o["metadata"].(map[string]any)
	return text(o["kind"]) + "/" + text(meta["name"])
}
