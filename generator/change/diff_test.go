package change

import (
	"encoding/json"
	"strings"
	"testing"

	"octopod/generator/staging"
)

func object(t *testing.T, kind, name string, fields map[string]any) staging.Object {
	t.Helper()
	fields["kind"] = kind
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return staging.Object{APIVersion: "v1", Kind: kind, Name: name, Namespace: "shop-x", JSON: text}
}

func envVar(name, value string) map[string]any { return map[string]any{"name": name, "value": value} }

func deployment(t *testing.T, env ...map[string]any) staging.Object {
	return object(t, "Deployment", "backend", map[string]any{"spec": map[string]any{"env": env}})
}

// A diff shows that a secret changed, and never its value.
func TestDiffsMaskSecrets(t *testing.T) {
	const before, after = "hunter-before", "hunter-after"
	secret := func(value string) staging.Object {
		return object(t, "Secret", "s", map[string]any{"data": map[string]any{"anything": value}, "stringData": map[string]any{"other": value}})
	}
	for name, pair := range map[string][2]staging.Object{
		"Secret":       {secret(before), secret(after)},
		"env variable": {deployment(t, envVar("DB_PASSWORD", before)), deployment(t, envVar("DB_PASSWORD", after))},
		"ConfigMap": {object(t, "ConfigMap", "c", map[string]any{"data": map[string]any{"api-key": before}}),
			object(t, "ConfigMap", "c", map[string]any{"data": map[string]any{"api-key": after}})},
	} {
		t.Run(name, func(t *testing.T) {
			diff := Unified(Compare([]staging.Object{pair[0]}, []staging.Object{pair[1]}))
			if strings.Contains(diff, "hunter") {
				t.Errorf("the secret shows:\n%s", diff)
			}
			if !strings.Contains(diff, "*** (before)") || !strings.Contains(diff, "*** (after)") {
				t.Errorf("the change does not show:\n%s", diff)
			}
			for _, only := range [][2][]staging.Object{{nil, {pair[1]}}, {{pair[0]}, nil}} {
				if diff := Unified(Compare(only[0], only[1])); strings.Contains(diff, "hunter") || !strings.Contains(diff, "***") {
					t.Errorf("a whole object shows its secret:\n%s", diff)
				}
			}
		})
	}
}

// A variable keeps its identity when another is inserted before it.
func TestAMovedSecretIsNoChange(t *testing.T) {
	was := deployment(t, envVar("API_TOKEN", "hunter"))
	is := deployment(t, envVar("A", "1"), envVar("API_TOKEN", "hunter"))
	diff := Unified(Compare([]staging.Object{was}, []staging.Object{is}))
	if strings.Contains(diff, "*** (after)") || strings.Contains(diff, "hunter") {
		t.Errorf("API_TOKEN did not change:\n%s", diff)
	}
}

// The next version of a generated ConfigMap is the same object, whichever engine
// generated its name.
func TestGeneratedNamesAreCompared(t *testing.T) {
	was := object(t, "ConfigMap", "app-config-t2c885thkd", map[string]any{"data": map[string]any{"A": "1"}})
	for _, name := range []string{"app-config-fd29gcffdd", "app-config-0a1b2c3d4e"} {
		is := object(t, "ConfigMap", name, map[string]any{"data": map[string]any{"A": "2"}})
		if diffs := Compare([]staging.Object{was}, []staging.Object{is}); len(diffs) != 1 || diffs[0].Action != staging.Modified {
			t.Errorf("%s: %+v", name, diffs)
		}
	}
	if diffs := Compare([]staging.Object{was}, []staging.Object{was}); len(diffs) != 0 {
		t.Errorf("nothing changed, but %+v", diffs)
	}
}
