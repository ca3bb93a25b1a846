package generator_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

const protected = `  secrets:
    - {name: stripe, externalSecret: {store: vault, key: shop/stripe}}
    - {name: smtp, reflect: {namespace: mail}}
    - {name: maps, sealed: {api-key: SEALED}}
  hygiene:
    controller: CONTROLLER
    noIndex: true
    signIn: {oauth2Proxy: https://auth.example.com}
    network: {isolate: true, from: [ingress]}
    podSecurity: baseline
    limits: {max: {memory: 2Gi}, default: {memory: 512Mi}, request: {cpu: 50m, memory: 128Mi}}
`

func shopWithAdditions(t *testing.T, engine project.Engine, output project.Output, controller string) *fixture {
	t.Helper()
	w := shop(t, engine, output)
	text := string(w.read(project.File)) + strings.NewReplacer("CONTROLLER", controller, "SEALED", sealed).Replace(protected)
	w.write(staging.File{Path: project.File, Data: []byte(text)})
	return w
}

// sealed is as long as what kubeseal prints, and as random.
var sealed = func() string {
	sum, text := sha256.Sum256(nil), []byte{2, 0}
	for range 17 {
		text = append(text, sum[:]...)
		sum = sha256.Sum256(sum[:])
	}
	return base64.StdEncoding.EncodeToString(text)
}()

// added is what the tests read of an object.
type added struct {
	Kind     string
	Metadata struct {
		Name                string
		Labels, Annotations map[string]string
	}
	Spec json.RawMessage
	Data map[string]string
}

// objectsOf returns the objects of the staging login, by kind and name.
func (w *fixture) objectsOf(t *testing.T) map[string]added {
	t.Helper()
	objects, err := w.Manifests(t.Context(), "login", "")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]added{}
	for _, o := range objects {
		var one added
		if err := json.Unmarshal(o.JSON, &one); err != nil {
			t.Fatal(err)
		}
		all[o.Kind+"/"+o.Name] = one
	}
	return all
}

// What spec.secrets and spec.hygiene want is in every staging, with both engines and
// outputs, and a staging without them changes in nothing.
func TestAdditionsAreInEveryStaging(t *testing.T) {
	for _, engine := range []project.Engine{project.EngineKustomize, project.EngineJsonnet} {
		for _, output := range []project.Output{project.OutputSource, project.OutputRendered} {
			t.Run(string(engine)+" "+string(output), func(t *testing.T) {
				w := shopWithAdditions(t, engine, output, "traefik")
				w.do(pushed("feature/login"))
				all := w.objectsOf(t)
				for name, want := range map[string]string{
					"ExternalSecret/stripe": `"extract":{"key":"shop/stripe"}`, "Secret/smtp": "", "SealedSecret/maps": `"api-key":"` + sealed,
					"Middleware/octopod-noindex": `"X-Robots-Tag":"noindex, nofollow"`, "Middleware/octopod-signin": `"address":"https://auth.example.com/"`,
					"NetworkPolicy/octopod": `"kubernetes.io/metadata.name":"ingress"`, "LimitRange/octopod-limits": `"max":{"memory":"2Gi"}`,
				} {
					if o, ok := all[name]; !ok || !strings.Contains(string(o.Spec), want) || o.Metadata.Labels[project.LabelStaging] != "login" {
						t.Errorf("%s is %+v %s, want %s", name, o.Metadata, o.Spec, want)
					}
				}
				if got := all["Secret/smtp"].Metadata.Annotations["reflector.v1.k8s.emberstack.com/reflects"]; got != "mail/smtp" {
					t.Errorf("the copied Secret reflects %q", got)
				}
				if got := all["Namespace/shop-login"].Metadata.Labels["pod-security.kubernetes.io/enforce"]; got != "baseline" {
					t.Errorf("the namespace enforces %q", got)
				}
				const middlewares = "traefik.ingress.kubernetes.io/router.middlewares"
				if got := all["Ingress/shop"].Metadata.Annotations[middlewares]; got != "shop-login-octopod-noindex@kubernetescrd,shop-login-octopod-signin@kubernetescrd" {
					t.Errorf("the Ingress uses %q", got)
				}
				if problems, err := w.Lint(t.Context(), nil); err != nil || len(problems) > 0 {
					t.Errorf("lint: %v %v", problems, err)
				}
			})
		}
	}
}

func TestAnnotationsOfNginx(t *testing.T) {
	w := shopWithAdditions(t, project.EngineKustomize, project.OutputSource, "nginx")
	w.do(pushed("feature/login"))
	all := w.objectsOf(t)
	annotations := all["Ingress/shop"].Metadata.Annotations
	for key, want := range map[string]string{
		"custom-headers": "shop-login/octopod-headers", "auth-url": "https://auth.example.com/oauth2/auth",
		"auth-signin": "https://auth.example.com/oauth2/start?rd=$scheme://$host$escaped_request_uri",
	} {
		if got := annotations["nginx.ingress.kubernetes.io/"+key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := all["ConfigMap/octopod-headers"].Data["X-Robots-Tag"]; got != "noindex, nofollow" {
		t.Errorf("the header is %q", got)
	}
}

// A jsonnet library of before spec.hygiene leaves out its objects: lint and deploys reject it.
func TestAnOldLibraryIsNoStagingWithoutProtection(t *testing.T) {
	w := shopWithAdditions(t, project.EngineJsonnet, project.OutputSource, "traefik")
	const library = "jsonnet/octopod.libsonnet"
	w.write(staging.File{Path: library, Data: replaceOnce(t, w.read(library), "local additionsOf(params) = std.get(params, 'additions', {});", "local additionsOf(params) = {};")})
	err := w.refused(pushed("feature/login"))
	if found := staging.ProblemsOf(err); !slices.ContainsFunc(found, func(p staging.Problem) bool {
		return p.Rule == "added-object" && p.Object == "NetworkPolicy/octopod"
	}) {
		t.Errorf("deploy: %v %v", err, found)
	}
}
