package project_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// jsonnetShop is a small project with engine jsonnet.
const jsonnetShop = `apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: jsonnet
  hosts: {baseDomain: staging.example.com}
  services:
    web: {image: "registry.example.com/shop/web:main", host: "{name}"}
  parameters:
    size: {scope: deployment}
`

// A field without effect, or with another effect than its description promises, is a
// problem with its line and the text to write instead.
func TestFieldsWithoutEffectAreProblems(t *testing.T) {
	lifecycle, services := "lifecycle: {ttl: 14d", "services:\n"
	for _, tt := range []struct{ name, old, new, field, message string }{
		{"database", lifecycle, "database: {kind: none, group: shop_app}\n  " + lifecycle, "spec.database", "remove it"},
		{"name of the database", lifecycle, "database: {name: 'db-{name}'}\n  " + lifecycle, "spec.database", "remove it"},
		{"libraries of jsonnet", services, "jsonnet: {libraries: [lib]}\n  " + services, "spec.jsonnet", "engine kustomize"},
		{"pattern in permanent", lifecycle, lifecycle + ", permanent: [feature/login]", "spec.lifecycle.permanent[0]", "not of its branch: login"},
		{"empty permanent", lifecycle, lifecycle + `, permanent: [""]`, "spec.lifecycle.permanent[0]", "is empty"},
		{"pattern in reserved", "reserved: [www]", `reserved: ["admin-*"]`, "spec.naming.reserved[0]", "write each name in full"},
		{"upper case in reserved", "reserved: [www]", "reserved: [WWW]", "spec.naming.reserved[0]", "lower-case"},
		{"pattern in stripPrefixes", "[feature/]", `["feature/*"]`, "spec.naming.stripPrefixes[0]", `"feature/"`},
		{"prefix of no branch", "[feature/]", "[refs/heads/feature/]", "spec.naming.stripPrefixes[0]", "no branch begins"},
		{"prefix behind a shorter one", "[feature/]", "[feature/, feature/ui/]", "spec.naming.stripPrefixes[1]", "longer one first"},
		{"empty prefix", "[feature/]", `[""]`, "spec.naming.stripPrefixes[0]", "remove it"},
		{"branch pattern", services, `branches: {include: ["^feature/.*"]}` + "\n  " + services, "spec.branches.include[0]", "feature/*"},
		{"excluded ref", services, `branches: {exclude: ["refs/heads/wip/*"]}` + "\n  " + services, "spec.branches.exclude[0]", "feature/*"},
		{"stagings of a notification", services, `notify: [{to: chat, stagings: ["feature/*"]}]` + "\n  " + services, "spec.notify[0].stagings[0]", "not of its branch"},
		{"default branch", "repository: github.com/acme/backend", "defaultBranch: refs/heads/main", "spec.services.backend.defaultBranch", "main"},
		{"follow without image", `frontend: {host: "{name}"`, `frontend: {follow: true, host: "{name}"`, "spec.services.frontend.follow", "default image"},
		{"path without host", `host: "{name}", path`, "path", "spec.services.frontend.path", "add host"},
		{"two services with one image", `frontend: {host: "{name}"`, `frontend: {templateImage: backend, host: "{name}"`, "spec.services.frontend.templateImage", "service backend"},
		{"role viewer", "type: boolean, default: true", "type: boolean, default: true, role: viewer", "spec.parameters.LEGACY_FLAG.role", "user or admin"},
		{"deployment without a target", "max: 5, to: {replicas: backend}", "max: 5", "spec.parameters.backend.replicas", "scope: app"},
		{"two parameters with one variable", "type: boolean, default: true", "type: boolean, default: true, to: {env: LOG_LEVEL}", "spec.parameters.LOG_LEVEL", "parameter LEGACY_FLAG"},
		{"image of a service", "type: boolean, default: true", "to: {image: backend}", "spec.parameters.LEGACY_FLAG.to.image", "service backend"},
		{"component of no value", "sandbox: templates/components/sandbox", "sandbox: templates/components/sandbox, sandpit: templates/x", "spec.parameters.PAYMENT_GATEWAY.to.component.sandpit", "sandbox, production"},
		{"boolean without a component", "type: boolean, default: true", "type: boolean, default: true, to: {component: {'true': templates/x}}", "spec.parameters.LEGACY_FLAG.to.component", `or "" for none`},
		{"host in a default", "default: info, pattern: \"[a-z]+\"", `default: "https://{host.frontend}/x"`, "spec.parameters.LOG_LEVEL.default", "in the template"},
		{"name in a default", "default: info, pattern: \"[a-z]+\"", `default: "shop-{name}"`, "spec.parameters.LOG_LEVEL.default", "in the template"},
		{"namespace in an allowed value", "default: info, pattern: \"[a-z]+\"", `allowed: ["{namespace}"]`, "spec.parameters.LOG_LEVEL.allowed[0]", "in the template"},
		{"empty preset", "overrides: {app: {PAYMENT_GATEWAY: production}}", "overrides: {}", "spec.presets.payments-production.overrides", "is empty"},
		{"placeholder in a link", services, "links: [{name: Logs, url: 'https://x.example.com/{nmae}'}]\n  " + services, "spec.links[0].url", "did you mean {name}"},
		{"host of no service", services, "links: [{name: Logs, url: 'https://{host.web}'}]\n  " + services, "spec.links[0].url", "{host.web} is not a placeholder"},
		{"viewers", services, "access: {viewers: {groups: [qa]}}\n  " + services, "spec.access.viewers", "everyone: none"},
		{"users", services, "access: {everyone: user, users: {groups: [qa]}}\n  " + services, "spec.access.users", "everyone: viewer"},
		{"whenFull", lifecycle, lifecycle + ", whenFull: refuse", "spec.lifecycle.whenFull", "maxActive"},
		{"warning", lifecycle, "lifecycle: {warning: 2d", "spec.lifecycle.warning", "archiveRetention"},
		{"sleep equal to wake", lifecycle, lifecycle + `, sleep: {at: "0 7 * * *", wake: "0 7 * * *"}`, "spec.lifecycle.sleep.at", "no staging ever sleeps"},
		{"sleep within wake", lifecycle, lifecycle + `, sleep: {at: "0 7 * * 1-5", wake: "0 7 * * *"}`, "spec.lifecycle.sleep.at", "no staging ever sleeps"},
		{"archive of no kind", lifecycle, lifecycle + `, archive: [{kind: "", pointer: /spec/replicas, value: 0}]`, "spec.lifecycle.archive[0].kind", "postgresql"},
		{"archive of a Deployment", lifecycle, lifecycle + `, archive: [{kind: Deployment, pointer: /spec/replicas, value: 0}]`, "spec.lifecycle.archive[0]", "itself"},
		{"quota", lifecycle, "quota: {request.cpu: '2'}\n  " + lifecycle, "spec.quota.request.cpu", "did you mean requests.cpu"},
		{"count of a kind", lifecycle, "quota: {count/Deployment: '2'}\n  " + lifecycle, "spec.quota.count/Deployment", "not a resource"},
	} {
		t.Run(tt.name, func(t *testing.T) { requireIneffective(t, shop, tt.old, tt.new, tt.field, tt.message) })
	}
	for _, tt := range []struct{ name, old, new, field, message string }{
		{"teardown", "  services:", "  lifecycle: {teardown: templates/x}\n  services:", "spec.lifecycle.teardown", "engine kustomize"},
		{"registries", "  services:", "  images: {registries: [ghcr.io]}\n  services:", "spec.images.registries", "check: exists"},
		{"components", "  services:", "  kustomize: {components: [templates/x]}\n  services:", "spec.kustomize", "remove it"},
	} {
		t.Run("jsonnet "+tt.name, func(t *testing.T) {
			requireIneffective(t, jsonnetShop, tt.old, tt.new, tt.field, tt.message)
		})
	}
}

// requireIneffective requires exactly one problem after a change of a sound project,
// which must still be readable.
func requireIneffective(t *testing.T, text, from, to, field, message string) {
	t.Helper()
	if problems := parse(t, text).Ineffective([]byte(text)); len(problems) > 0 {
		t.Fatalf("a sound project: %v", problems)
	}
	changed := strings.Replace(text, from, to, 1)
	if changed == text {
		t.Fatalf("%q is not in the project", from)
	}
	problems := parse(t, changed).Ineffective([]byte(changed))
	if len(problems) != 1 || problems[0].Field != field || problems[0].Line == 0 || problems[0].File != project.File || !strings.Contains(problems[0].Message, message) {
		t.Errorf("got %v, want one problem of %s with %q", problems, field, message)
	}
}

// Every field with its full effect.
func TestFieldsWithEffectAreNoProblems(t *testing.T) {
	for _, tt := range []struct{ old, new string }{
		{"[feature/]", "[feature/ui/, feature/, fix-]"},
		{"lifecycle: {ttl: 14d", `lifecycle: {ttl: 14d, permanent: [main, "release-*"], sleep: {at: "0 20 * * 1-5", wake: "0 7 * * 1-5"}`},
		{"lifecycle: {ttl: 14d", `lifecycle: {ttl: 14d, sleep: {at: "0 7 1 * *", wake: "0 7 2 * *"}, archive: [{kind: postgresql, pointer: /spec/numberOfInstances, value: 0}]`},
		{"services:\n", `access: {everyone: none, viewers: {groups: [qa]}, users: {groups: [dev]}}` + "\n  services:\n"},
		{"services:\n", `quota: {requests.cpu: "2", count/deployments.apps: "9", requests.nvidia.com/gpu: "1", gold.storageclass.storage.k8s.io/requests.storage: 9Gi}` + "\n  services:\n"},
		{"services:\n", "links: [{name: Logs, url: 'https://{host.frontend}/{project}/{name}?n={namespace}&b={branch}'}]\n  services:\n"},
		{"default: info, pattern: \"[a-z]+\"", `default: "Hello {name}, welcome"`},
		{"type: boolean, default: true", "type: boolean, default: true, to: {component: {'true': templates/x, 'false': ''}}"},
	} {
		text := strings.Replace(shop, tt.old, tt.new, 1)
		if problems := parse(t, text).Ineffective([]byte(text)); len(problems) > 0 || text == shop {
			t.Errorf("%s: %v", tt.new, problems)
		}
	}
}

// permanent takes patterns, as the other lists of stagings do.
func TestPermanentTakesPatterns(t *testing.T) {
	p := parse(t, strings.Replace(shop, "ttl: 14d", `ttl: 14d, permanent: ["log*"]`, 1))
	if s := deployed(t, p, nil); s.Spec.Expires != nil || !p.Permanent("login", "feature/login") {
		t.Errorf("login expires at %v", s.Spec.Expires)
	}
	if p.Permanent("cart", "feature/cart") {
		t.Error("cart is permanent")
	}
	if s := deployed(t, p, func(a *staging.Action) { a.Name, a.Branch = "cart", "feature/cart" }); s.Spec.Expires == nil {
		t.Error("cart never expires")
	}
}
