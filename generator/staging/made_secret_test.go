package staging_test

import (
	"testing"

	"octopod/generator/staging"
)

func TestSecretsThatObjectsMake(t *testing.T) {
	for _, tt := range []struct{ kind, spec, want string }{
		{"ExternalSecret", `{"target":{"name":"stripe"}}`, "stripe"},
		{"ExternalSecret", `{}`, "own"},
		{"SealedSecret", `{"encryptedData":{}}`, "own"},
		{"Certificate", `{"secretName":"tls"}`, "tls"},
		{"SopsSecret", `{"secretTemplates":[{"name":"smtp"}]}`, "smtp"},
		{"ConfigMap", `{}`, ""},
	} {
		o := staging.Object{Kind: tt.kind, Name: "own", JSON: []byte(`{"spec":` + tt.spec + `}`)}
		if got := staging.MadeSecret(o); got != tt.want {
			t.Errorf("%s %s makes %q, want %q", tt.kind, tt.spec, got, tt.want)
		}
	}
}
