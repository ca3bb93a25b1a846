package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/staging"
)

// checkPlainSecret holds the rule plain-secret.
func checkPlainSecret(c check) {
	switch o := c.o.typed.(type) {
	case *corev1.Secret:
		checkSecretValues(c, o)
	case *corev1.ConfigMap:
		for _, key := range sorted(o.Data) {
			c.noCredential(o.Data[key], field.NewPath("data").Key(key))
		}
		for _, key := range sorted(o.BinaryData) {
			c.noCredential(string(o.BinaryData[key]), field.NewPath("binaryData").Key(key))
		}
	}
	for _, key := range sorted(c.o.meta.Annotations) {
		c.noCredential(c.o.meta.Annotations[key], metadata.Child("annotations").Key(key))
	}
	if c.o.raw != nil {
		for _, name := range sorted(c.o.raw) {
			if name != "metadata" {
				c.noCredentialIn(c.o.raw[name], name)
			}
		}
		return // its pods were read from there
	}
	for _, pod := range c.o.pods {
		for _, each := range pod.containers() {
			checkContainerSecrets(c, each)
		}
	}
}

func checkSecretValues(c check, s *corev1.Secret) {
	const hint = "base64 hides nothing; commit a SealedSecret or an ExternalSecret, or create the Secret in the cluster"
	if len(s.Data) > 0 {
		c.bad(field.NewPath("data"), "holds %s in plain sight: %s", words(sorted(s.Data)), hint)
	}
	if len(s.StringData) > 0 {
		c.bad(field.NewPath("stringData"), "holds %s in plain sight: %s", words(sorted(s.StringData)), hint)
	}
}

func checkContainerSecrets(c check, each container) {
	for i := range each.Env {
		if value := each.Env[i].Value; value != "" {
			if what, yes := staging.DetectSecret(value); yes {
				c.bad(each.path.Child("env").Index(i).Child("value"), "of %s looks like %s: take it from a Secret with valueFrom", each.Env[i].Name, what)
			}
		}
	}
	for i, arg := range each.Command {
		if what, yes := staging.DetectSecret(arg); yes {
			c.bad(each.path.Child("command").Index(i), "looks like %s: take it from a Secret", what)
		}
	}
	for i, arg := range each.Args {
		if what, yes := staging.DetectSecret(arg); yes {
			c.bad(each.path.Child("args").Index(i), "looks like %s: take it from a Secret", what)
		}
	}
}

func (c check) noCredential(value string, path *field.Path) {
	if what, yes := staging.DetectSecret(value); yes {
		c.bad(path, "looks like %s: keep it in a Secret that is not in git", what)
	}
}

// noCredentialIn looks through the values of a custom kind.
func (c check) noCredentialIn(value any, at string) {
	switch v := value.(type) {
	case string:
		if what, yes := staging.DetectSecret(v); yes {
			c.badAt(at, "looks like %s: keep it in a Secret that is not in git", what)
		}
	case []any:
		for i, item := range v {
			c.noCredentialIn(item, fmt.Sprintf("%s[%d]", at, i))
		}
	case map[string]any:
		for _, key := range sorted(v) {
			c.noCredentialIn(v[key], at+"."+key)
		}
	}
}

// checkTokenSecret holds the rule service-account-token.
// https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
func checkTokenSecret(c check) {
	if s, ok := c.o.typed.(*corev1.Secret); ok && s.Type == corev1.SecretTypeServiceAccountToken {
		c.bad(field.NewPath("type"), "asks for a token that never expires: use the pod's own service account")
	}
}
