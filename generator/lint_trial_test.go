package generator_test

import (
	"fmt"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Every variant that octopod.yaml allows is rendered by lint, and every parameter must
// change an object. Each case failed only when a user chose the variant.
func TestLintRendersEveryVariant(t *testing.T) {
	const parameters = "  parameters:\n"
	for _, tt := range []struct{ name, old, new, field, message string }{
		{"a component that is not there", "templates/components/payments-production", "templates/components/payment-production",
			"spec.parameters.PAYMENT_GATEWAY.to.component.production", "PAYMENT_GATEWAY=production cannot be rendered"},
		{"a patch without a target", parameters, parameters + "    X: {default: a, to: {patch: {kind: Deployment, name: bakend, pointer: /metadata/labels/x}}}\n",
			"spec.parameters.X.to.patch", "did you mean backend"},
		{"a patch of no kind", parameters, parameters + "    X: {to: {patch: {kind: Deploymnet, pointer: /metadata/labels/x}}}\n",
			"spec.parameters.X.to.patch", "did you mean Deployment"},
		{"a patch of no field", parameters, parameters + "    X: {to: {patch: {kind: Deployment, name: backend, pointer: /spec/no/such}}}\n",
			"spec.parameters.X.to.patch", "cannot be rendered"},
		{"an image that nobody has", parameters, parameters + "    X: {scope: deployment, to: {image: mailer}}\n",
			"spec.parameters.X.to.image", `no image "mailer"`},
		{"replicas of no workload", parameters, parameters + "    X: {scope: deployment, type: integer, to: {replicas: worker}}\n",
			"spec.parameters.X.to.replicas", "no workload worker"},
		{"components without an effect", parameters, parameters + "    X: {scope: deployment, type: boolean, default: false, to: {component: {'true': '', 'false': ''}}}\n",
			"spec.parameters.X.to.component", "has no effect"},
		{"no target", parameters, parameters + "    X: {scope: deployment}\n", "spec.parameters.X", "has no effect"},
		{"a teardown that is not there", "  lifecycle:\n", "  lifecycle:\n    teardown: templates/components/teardown\n", "spec.lifecycle.teardown", "cannot be rendered"},
		{"a teardown that adds nothing", "  lifecycle:\n", "  lifecycle:\n    teardown: templates/components/hosts\n", "spec.lifecycle.teardown", "adds no object"},
		{"an archived kind that nobody has", "  lifecycle:\n", "  lifecycle:\n    archive: [{kind: postgresql, pointer: /spec/x, value: 0}]\n",
			"spec.lifecycle.archive[0].kind", "the template has no postgresql"},
		{"a logo that is not there", "  links:\n", "  ui: {logo: logo.svg}\n  links:\n", "spec.ui.logo", "the env repo has no logo.svg"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := shop(t, project.EngineKustomize, project.OutputSource)
			w.write(staging.File{Path: project.File, Data: replaceOnce(t, w.read(project.File), tt.old, tt.new)})
			problems, err := w.Lint(t.Context(), nil)
			if err != nil || len(problems) != 1 || problems[0].Field != tt.field || !strings.Contains(problems[0].Message, tt.message) || problems[0].Line == 0 {
				t.Errorf("%v, %v", problems, err)
			}
		})
	}
}

// A jsonnet template must read every parameter.
func TestLintReportsAParameterThatJsonnetDoesNotRead(t *testing.T) {
	w := shop(t, project.EngineJsonnet, project.OutputSource)
	w.write(staging.File{Path: project.File, Data: replaceOnce(t, w.read(project.File), "  parameters:\n", "  parameters:\n    size: {scope: deployment, default: small}\n")})
	problems, err := w.Lint(t.Context(), nil)
	if err != nil || len(problems) != 1 || problems[0].Field != "spec.parameters.size" || !strings.Contains(problems[0].Message, `params.deployment["size"]`) {
		t.Errorf("%v, %v", problems, err)
	}
}

// A parameter may need another one: its target is in a component. A value that breaks a
// rule is a problem with the value.
func TestLintTriesParametersTogether(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	component := "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [redis.yaml]\n"
	redis := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: redis}\ndata: {memory: 1Gi}\n"
	w.write(staging.File{Path: "templates/components/redis/kustomization.yaml", Data: []byte(component)},
		staging.File{Path: "templates/components/redis/redis.yaml", Data: []byte(redis)},
		staging.File{Path: project.File, Data: replaceOnce(t, w.read(project.File), "  parameters:\n", `  parameters:
    redis: {scope: deployment, type: boolean, default: false, to: {component: {"true": templates/components/redis, "false": ""}}}
    redis.memory: {scope: deployment, default: 1Gi, to: {patch: {kind: ConfigMap, name: redis, pointer: /data/memory}}}
`)})
	if problems, err := w.Lint(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Fatalf("%v, %v", problems, err)
	}
	w.write(staging.File{Path: "templates/components/redis/redis.yaml", Data: []byte(strings.Replace(redis, "\ndata:", "\ndatum: {}\ndata:", 1))})
	problems, err := w.Lint(t.Context(), nil)
	if text := fmt.Sprint(problems); err != nil || !strings.Contains(text, "(redis=true)") || !strings.Contains(text, "datum") {
		t.Errorf("%v, %v", problems, err)
	}
}

// A trial staging has the required settings, and a setting with a condition is tried with it.
func TestLintTriesRequiredAndConditionalSettings(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.write(staging.File{Path: project.File, Data: replaceOnce(t, w.read(project.File), "  parameters:\n", `  parameters:
    TENANT: {required: true}
    MERCHANT: {required: true, when: {PAYMENT_GATEWAY: [production]}}
    REGION: {default: eu}
    ZONE: {default: a, when: {REGION: [eu-2]}}
`)})
	if problems, err := w.Lint(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
