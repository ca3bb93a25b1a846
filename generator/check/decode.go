package check

import (
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/json"

	"octopod/generator/staging"
)

// decode decodes the JSON of an object, strictly for a built-in kind.
func decode(o staging.Object) *object {
	d := &object{Object: o, gvk: schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)}
	typed, err := scheme.Scheme.New(d.gvk)
	if err != nil {
		d.decodeRaw()
		return d
	}
	strict, err := json.UnmarshalStrict(o.JSON, typed)
	d.typed, d.meta, d.pods = typed, metaOf(typed), podsOf(typed)
	if err != nil || len(strict) > 0 {
		d.explain(strict, err)
	}
	return d
}

func (d *object) decodeRaw() {
	if d.err = decodeMap(d.JSON, &d.raw); d.err != nil {
		return
	}
	d.meta = &metav1.ObjectMeta{}
	d.faults = mismatches(d.raw["metadata"], reflect.TypeFor[metav1.ObjectMeta](), "metadata")
	convert(d.raw["metadata"], d.meta)
	if template, ok := nested(d.raw, "spec", "template").(map[string]any); ok && nested(template, "spec", "containers") != nil {
		var pod corev1.PodTemplateSpec
		convert(template, &pod)
		d.pods = []podRef{{meta: &pod.ObjectMeta, spec: &pod.Spec, path: field.NewPath("spec", "template"), foreign: true}}
	}
}

// metaOf returns the metadata of an object; it is empty for kinds that are only
// requests or responses of the API.
func metaOf(typed runtime.Object) *metav1.ObjectMeta {
	if accessor, ok := typed.(metav1.ObjectMetaAccessor); ok {
		if meta, ok := accessor.GetObjectMeta().(*metav1.ObjectMeta); ok {
			return meta
		}
	}
	return &metav1.ObjectMeta{}
}

// podsOf returns the pods that a built-in workload starts.
func podsOf(typed runtime.Object) []podRef {
	template := field.NewPath("spec", "template")
	switch w := typed.(type) {
	case *corev1.Pod:
		return []podRef{{meta: &w.ObjectMeta, spec: &w.Spec}}
	case *corev1.PodTemplate:
		return []podRef{podTemplate(&w.Template, field.NewPath("template"))}
	case *corev1.ReplicationController:
		if w.Spec.Template != nil {
			return []podRef{podTemplate(w.Spec.Template, template)}
		}
	case *appsv1.Deployment:
		return []podRef{podTemplate(&w.Spec.Template, template)}
	case *appsv1.ReplicaSet:
		return []podRef{podTemplate(&w.Spec.Template, template)}
	case *appsv1.DaemonSet:
		return []podRef{podTemplate(&w.Spec.Template, template)}
	case *appsv1.StatefulSet:
		site := podTemplate(&w.Spec.Template, template)
		for i := range w.Spec.VolumeClaimTemplates {
			site.claims = append(site.claims, w.Spec.VolumeClaimTemplates[i].Name)
		}
		return []podRef{site}
	case *batchv1.Job:
		return []podRef{podTemplate(&w.Spec.Template, template)}
	case *batchv1.CronJob:
		return []podRef{podTemplate(&w.Spec.JobTemplate.Spec.Template, field.NewPath("spec", "jobTemplate", "spec", "template"))}
	}
	return nil
}

func podTemplate(t *corev1.PodTemplateSpec, path *field.Path) podRef {
	return podRef{meta: &t.ObjectMeta, spec: &t.Spec, path: path}
}
