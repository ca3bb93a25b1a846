package project

import (
	"slices"
	"strconv"
	"strings"

	"octopod/generator/staging"
)

// Labels and annotations of the objects that Octopod generates.
const (
	LabelProject     = "octopod.dev/project"
	LabelStaging     = "octopod.dev/staging"
	LabelManagedBy   = "app.kubernetes.io/managed-by"
	LabelRestarts    = "octopod.dev/restarts" // of pods only
	LabelDatabase    = "octopod.dev/database" // of pods only: the generation of the data
	LabelSettings    = "octopod.dev/settings" // of pods that read settings from a ConfigMap without a hash in its name
	AnnotationBranch = "octopod.dev/branch"
	AnnotationURL    = "octopod.dev/url"
)

// Params computes the input of the template for a staging. The record must fit the
// project: otherwise the error lists every problem.
func (p *Project) Params(s staging.Staging) (staging.Params, error) {
	if err := p.Check(s); err != nil {
		return staging.Params{}, err
	}
	values := p.effective(s)
	params := staging.Params{
		Project:    p.Metadata.Name,
		Name:       s.Name,
		Branch:     s.Spec.Branch,
		State:      s.Spec.State,
		Namespace:  p.Namespace(s.Name),
		Services:   p.serviceParams(s),
		App:        map[string]string{},
		Absent:     []string{},
		Secrets:    map[string]staging.SecretKey{},
		Deployment: map[string]any{},
		Asleep:     p.asleep(s.Spec.State),
		Quota:      p.quotaOf(values),
		Restarts:   s.Spec.Restarts,
		Labels: map[string]string{
			LabelProject: p.Metadata.Name, LabelStaging: s.Name, LabelManagedBy: "octopod",
		},
		Annotations: map[string]string{AnnotationBranch: s.Spec.Branch},
	}
	if url := p.URL(p.MainService(), s.Name); url != "" {
		params.Annotations[AnnotationURL] = url
	}
	p.fillSettings(&params, values)
	params.Database = p.databaseParams(s)
	params.Additions = p.additions(s.Name)
	if p.Spec.Engine == EngineKustomize {
		params.Kustomize = p.kustomizeParams(s, values)
	}
	return params, nil
}

// effective returns the value of every setting; nil means absent. It omits settings
// that the template decides.
func (p *Project) effective(s staging.Staging) staging.Values {
	values := staging.Values{}
	for _, setting := range p.Settings(s) {
		if setting.Origin != OriginTemplate && !setting.Unused {
			values[setting.Name] = setting.Value
		}
	}
	return values
}

func (p *Project) serviceParams(s staging.Staging) map[string]staging.ServiceParams {
	services := map[string]staging.ServiceParams{}
	for name := range p.Spec.Services {
		service := s.Spec.Services[name]
		services[name] = staging.ServiceParams{
			Image:      service.Image,
			Repository: service.Repository,
			Commit:     service.Commit,
			From:       service.From,
			Host:       p.Host(name, s.Name),
			URL:        p.URL(name, s.Name),
		}
	}
	return services
}

// fillSettings adds the effective values to the params, by scope. With kustomize, the
// ConfigMap has no setting whose target is a component or a patch.
func (p *Project) fillSettings(params *staging.Params, values staging.Values) {
	for _, name := range sortedKeys(values) {
		parameter, value := p.Spec.Parameters[name], values[name]
		switch {
		case parameter.Scope == ScopeDeployment:
			params.Deployment[name] = parameter.native(value)
		case parameter.Type == TypeSecret && value != nil:
			params.Secrets[parameter.envKey(name)] = secretKey(value)
		default:
			p.fillEnv(params, name, value)
		}
	}
}

// fillEnv adds a setting to the ConfigMap of the settings, under each of its keys.
func (p *Project) fillEnv(params *staging.Params, name string, value any) {
	parameter := p.Spec.Parameters[name]
	var keys []string
	if p.Spec.Engine == EngineJsonnet || parameter.To.isEnv() {
		keys = append(keys, parameter.envKey(name))
	}
	for _, to := range parameter.Also {
		if to.Env != "" {
			keys = append(keys, to.Env)
		}
	}
	for _, key := range keys {
		if value == nil {
			params.Absent = append(params.Absent, key)
		} else {
			params.App[key] = staging.FormatValue(value)
		}
	}
}

// envKey returns the environment variable of a setting of scope app.
func (p Parameter) envKey(name string) string {
	if p.To.Env != "" {
		return p.To.Env
	}
	return name
}

func (p *Project) kustomizeParams(s staging.Staging, values staging.Values) staging.KustomizeParams {
	k := staging.KustomizeParams{
		Base:       p.Spec.Kustomize.Base,
		Components: slices.Clone(p.Spec.Kustomize.Components),
		ConfigMap:  p.Spec.Kustomize.ConfigMap,
	}
	k.Charts = p.chartParams(s, values)
	for _, name := range p.ServiceNames() {
		k.Images = append(k.Images, staging.Image{
			Name: p.Spec.Services[name].TemplateImage, Reference: s.Spec.Services[name].Image,
		})
	}
	for _, name := range sortedKeys(values) {
		if value := values[name]; value != nil {
			for _, to := range p.Spec.Parameters[name].targets() {
				p.Spec.Parameters[name].addTo(&k, to, name, value)
			}
		}
	}
	if s.Spec.Restarts > 0 {
		k.Patches = append(k.Patches, p.podLabels(LabelRestarts, s.Spec.Restarts)...)
	}
	if data := p.Data(s); data != nil {
		k.Patches = append(k.Patches, p.podLabels(LabelDatabase, data.Generation)...)
	}
	if s.Spec.State == staging.Deleting && p.Spec.Lifecycle.Teardown != "" {
		k.Components = append(k.Components, p.Spec.Lifecycle.Teardown)
	}
	if s.Spec.State != staging.Active {
		k.Replicas = nil // an archived workload has 0 replicas
	}
	slices.SortFunc(k.Images, func(a, b staging.Image) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(k.Replicas, func(a, b staging.Replicas) int { return strings.Compare(a.Workload, b.Workload) })
	return k
}

// podLabels returns patches that label the pods of every workload. A pod template always
// has labels, because the selector of the workload must match them.
func (p *Project) podLabels(label string, count int) []staging.Patch {
	var patches []staging.Patch
	for _, kind := range slices.Concat(staging.WorkloadKinds(), p.customWorkloads()) {
		patches = append(patches, staging.Patch{
			Kind: kind, Op: "add", Pointer: "/spec/template/metadata/labels/" + strings.ReplaceAll(label, "/", "~1"), Value: strconv.Itoa(count),
		})
	}
	return patches
}

// customWorkloads returns the custom kinds of workloads that the template has: an archive
// scales them to zero.
func (p *Project) customWorkloads() []string {
	return slices.DeleteFunc(staging.CustomWorkloadKinds(), func(kind string) bool {
		return !slices.ContainsFunc(p.Spec.Lifecycle.Archive, func(f ArchiveFix) bool { return f.Kind == kind })
	})
}

// addTo adds a value to an overlay, at one target of its parameter.
func (p Parameter) addTo(k *staging.KustomizeParams, to Target, name string, value any) {
	switch {
	case to.Component != nil:
		if dir := to.Component[staging.FormatValue(value)]; dir != "" {
			k.Components = append(k.Components, dir)
		}
	case to.Image != "":
		k.Images = append(k.Images, staging.Image{Name: to.Image, Reference: staging.FormatValue(value)})
	case to.Replicas != "":
		if count, ok := value.(int); ok {
			k.Replicas = append(k.Replicas, staging.Replicas{Workload: to.Replicas, Count: count})
		}
	case to.Patch != nil && to.Patch.Field != "":
		k.Fields = append(k.Fields, staging.FieldValue{
			Setting: name, Kind: to.Patch.Kind, Name: to.Patch.Name, Field: to.Patch.Field, Value: staging.FormatValue(value),
		})
	case to.Patch != nil:
		k.Patches = append(k.Patches, staging.Patch{
			Kind: to.Patch.Kind, Name: to.Patch.Name, Op: "add", Pointer: to.Patch.Pointer, Value: p.patchValue(value),
		})
	}
}

// patchValue converts a secret reference to the {name, key} of a secretKeyRef.
func (p Parameter) patchValue(value any) any {
	if p.Type == TypeSecret {
		return secretKey(value)
	}
	return p.native(value)
}

func secretKey(value any) staging.SecretKey {
	name, key, _ := strings.Cut(staging.FormatValue(value), "/")
	return staging.SecretKey{Name: name, Key: key}
}

// builtinArchive returns how to archive the built-in kinds. An autoscaler would scale
// its workload up again, and pods and DaemonSets have no replica count: these are
// removed, and restore creates them again. render.Arrange removes Jobs, too.
func builtinArchive() []staging.ArchiveFix {
	return []staging.ArchiveFix{
		{Kind: "Deployment", Pointer: "/spec/replicas", Value: 0},
		{Kind: "StatefulSet", Pointer: "/spec/replicas", Value: 0},
		{Kind: "ReplicaSet", Pointer: "/spec/replicas", Value: 0},
		{Kind: "CronJob", Pointer: "/spec/suspend", Value: true},
		{Kind: "Job", Pointer: "/spec/suspend", Value: true},
		{Kind: "HorizontalPodAutoscaler"},
		{Kind: "DaemonSet"},
		{Kind: "Pod"},
	}
}

// asleep returns how to archive objects in a state. A teardown consists of Jobs, so
// they run while a staging is being deleted.
func (p *Project) asleep(state staging.State) []staging.ArchiveFix {
	if state == staging.Active {
		return []staging.ArchiveFix{}
	}
	fixes := slices.DeleteFunc(builtinArchive(), func(f staging.ArchiveFix) bool {
		return state == staging.Deleting && f.Kind == "Job"
	})
	for _, f := range p.Spec.Lifecycle.Archive {
		fixes = append(fixes, staging.ArchiveFix{Kind: f.Kind, Pointer: f.Pointer, Value: f.Value})
	}
	return fixes
}
