package change

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"octopod/generator/check"
	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// reportIneffective reports every parameter that no value of it changes an object. A
// parameter may have an effect only together with another one, for example with a
// component: so it is tried with the other variants before it is reported.
func (l *templateLint) reportIneffective(ctx context.Context, variants []rendered) {
	tried := map[string]bool{}
	effective := map[string]bool{}
	for _, v := range variants {
		if v.Parameter != "" {
			tried[v.Parameter] = true
			effective[v.Parameter] = effective[v.Parameter] || v.err != nil || v.sum != l.plain.sum
		}
	}
	contexts := l.contexts(variants)
	for _, name := range l.project.ParameterNames() {
		if !tried[name] || effective[name] || l.project.LacksTarget(name) { // Ineffective reports it
			continue
		}
		of := slices.DeleteFunc(slices.Clone(variants), func(v rendered) bool { return v.Parameter != name })
		if !l.hasEffectIn(ctx, contexts, of) {
			l.report(fieldOfParameter(l.project, of[0]), "has no effect: no object changes with %s; %s", of[0].What, l.adviceFor(name))
		}
	}
}

// fieldOfParameter returns the field of a parameter that all of its values share.
func fieldOfParameter(p *project.Project, v rendered) string {
	if p.Spec.Parameters[v.Parameter].To.Component != nil {
		return "spec.parameters." + v.Parameter + ".to.component"
	}
	return v.Field
}

// contexts returns the variants that differ from the plain trial and from each other.
func (l *templateLint) contexts(variants []rendered) []rendered {
	seen := map[[sha256.Size]byte]bool{l.plain.sum: true}
	var contexts []rendered
	for _, v := range variants {
		if v.err == nil && !v.Invented && !seen[v.sum] {
			seen[v.sum] = true
			contexts = append(contexts, v)
		}
	}
	return contexts
}

// hasEffectIn reports whether any value of a parameter changes an object in any context.
func (l *templateLint) hasEffectIn(ctx context.Context, contexts, values []rendered) bool {
	for _, context := range contexts {
		if context.Parameter == values[0].Parameter || context.Staging.Spec.State != staging.Active {
			continue
		}
		trials := make([]project.Trial, len(values))
		for i, v := range values {
			trials[i] = project.Trial{Staging: l.project.WithSetting(context.Staging, v.Parameter, v.Value)}
		}
		if slices.ContainsFunc(l.renderAll(ctx, trials), func(r rendered) bool { return r.err != nil || r.sum != context.sum }) {
			return true
		}
	}
	return false
}

// adviceFor returns what to write instead of a target without an effect.
func (l *templateLint) adviceFor(name string) string {
	parameter := l.project.Spec.Parameters[name]
	to := parameter.To
	switch {
	case l.project.Spec.Engine == project.EngineJsonnet:
		return fmt.Sprintf("let the template read params.%s[%q], or remove the parameter", parameter.Scope, name)
	case to.Patch != nil:
		return l.adviceForPatch(*to.Patch)
	case to.Image != "":
		return fmt.Sprintf("the template has no image %q: write the name of an image as a workload of the template has it, without its tag", to.Image)
	case to.Component != nil:
		return "let one of its components change an object, or remove the parameter"
	}
	return "let the template use it, or remove the parameter"
}

func (l *templateLint) adviceForPatch(to project.PatchTarget) string {
	var names, kinds []string
	for _, o := range l.plain.objects {
		kinds = append(kinds, o.Kind)
		if o.Kind == to.Kind {
			names = append(names, staging.StableName(o.Kind, o.Name))
		}
	}
	switch {
	case len(names) == 0:
		return fmt.Sprintf("the template has no %s%s", to.Kind, didYouMean(to.Kind, kinds))
	case to.Name != "" && !slices.Contains(names, to.Name):
		return fmt.Sprintf("the template has no %s %s%s", to.Kind, to.Name, didYouMean(to.Name, names))
	}
	return "write a pointer to the field that the value is for"
}

func didYouMean(name string, known []string) string {
	if near := strictyaml.Closest(name, known); near != "" {
		return ": did you mean " + near + "?"
	}
	slices.Sort(known)
	return ": it has " + strings.Join(slices.Compact(known), ", ")
}

// reportLifecycle reports a teardown that adds no object, and kinds to archive that no
// object has.
func (l *templateLint) reportLifecycle(variants []rendered) {
	plain, kinds := map[string]bool{}, []string{}
	for _, o := range l.plain.objects {
		plain[o.String()] = true
	}
	for _, v := range append(variants, l.plain) {
		for _, o := range v.objects {
			kinds = append(kinds, o.Kind)
		}
	}
	for i, fix := range l.project.Spec.Lifecycle.Archive {
		if fix.Kind != "" && !slices.Contains(kinds, fix.Kind) {
			l.report(fmt.Sprintf("spec.lifecycle.archive[%d].kind", i), "has no effect: the template has no %s%s", fix.Kind, didYouMean(fix.Kind, kinds))
		}
	}
	for _, v := range variants {
		adds := slices.ContainsFunc(v.objects, func(o staging.Object) bool { return !plain[o.String()] })
		if v.Staging.Spec.State == staging.Deleting && v.err == nil && !adds {
			l.report(v.Field, "has no effect: the component adds no object; add the Jobs that delete resources outside the cluster, or remove it")
		}
	}
}

// reportRetries reports a template whose Jobs a retry would skip.
func (l *templateLint) reportRetries() {
	if l.project.AppliesAll() || l.project.Spec.ArgoCD.RepoURL == "" {
		return
	}
	if job := check.EarlyJob(l.plain.objects); job != "" {
		l.report("spec.argocd.applyAll", "is missing: %s runs before other objects, and when it fails, the retry of Argo CD would skip it and roll out the new version; "+
			"write applyAll: true, run `octopod lint --fix`, and apply argocd/applicationset.yaml", job)
	}
}
