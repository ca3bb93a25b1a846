package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/staging"
)

// checkPlainSecret implements the rule plain-secret.
func checkPlainSecret(c check) {
	switch o := c.o.typed.(type) {
	case *corev1.Secret:
		checkSecretValues(c, o)
	case *corev1.ConfigMap:
		for _, key := range sortedKeys(o.Data) {
			c.rejectCredential(o.Data[key], field.NewPath("data").Key(key))
		}
		for _, key := range sortedKeys(o.BinaryData) {
			c.rejectCredential(string(o.BinaryData[key]), field.NewPath("binaryData").Key(key))
		}
	}
	for _, key := range sortedKeys(c.o.meta.Annotations) {
		c.rejectCredential(c.o.meta.Annotations[key], metadata.Child("annotations").Key(key))
	}
	if c.o.raw != nil {
		for _, name := range sortedKeys(c.o.raw) {
			if name != "metadata" {
				c.rejectCredentials(c.o.raw[name], name)
			}
		}
		return // raw contains its pods
	}
	for _, pod := range c.o.pods {
		for _, ctr := range pod.containers() {
			checkContainerSecrets(c, ctr)
		}
	}
}

func checkSecretValues(c check, s *corev1.Secret) {
	const hint = "base64 is not encryption; commit a SealedSecret or an ExternalSecret, or create the Secret in the cluster"
	if len(s.Data) > 0 {
		c.reject(field.NewPath("data"), "contains %s unencrypted: %s", join(sortedKeys(s.Data)), hint)
	}
	if len(s.StringData) > 0 {
		c.reject(field.NewPath("stringData"), "contains %s unencrypted: %s", join(sortedKeys(s.StringData)), hint)
	}
}

func checkContainerSecrets(c check, ctr container) {
	for i := range ctr.Env {
		if value := ctr.Env[i].Value; value != "" {
			if what, yes := staging.DetectCommittedSecret(value); yes {
				c.reject(ctr.path.Child("env").Index(i).Child("value"), "of %s looks like %s: take it from a Secret with valueFrom", ctr.Env[i].Name, what)
			}
		}
	}
	for i, arg := range ctr.Command {
		if what, yes := staging.DetectCommittedSecret(arg); yes {
			c.reject(ctr.path.Child("command").Index(i), "looks like %s: take it from a Secret", what)
		}
	}
	for i, arg := range ctr.Args {
		if what, yes := staging.DetectCommittedSecret(arg); yes {
			c.reject(ctr.path.Child("args").Index(i), "looks like %s: take it from a Secret", what)
		}
	}
}

func (c check) rejectCredential(value string, path *field.Path) {
	if what, yes := staging.DetectCommittedSecret(value); yes {
		c.reject(path, "looks like %s: keep it in a Secret that is not in git", what)
	}
}

// rejectCredentials checks the values of a custom kind.
func (c check) rejectCredentials(value any, at string) {
	switch v := value.(type) {
	case string:
		if what, yes := staging.DetectCommittedSecret(v); yes {
			c.rejectAt(at, "looks like %s: keep it in a Secret that is not in git", what)
		}
	case []any:
		for i, item := range v {
			c.rejectCredentials(item, fmt.Sprintf("%s[%d]", at, i))
		}
	case map[string]any:
		for _, key := range sortedKeys(v) {
			c.rejectCredentials(v[key], at+"."+key)
		}
	}
}

// checkTokenSecret implements the rule service-account-token.
// https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
func checkTokenSecret(c check) {
	if s, ok := c.o.typed.(*corev1.Secret); ok && s.Type == corev1.SecretTypeServiceAccountToken {
		c.reject(field.NewPath("type"), "requests a token that never expires: use the service account of the pod")
	}
}

// checkSealedSecret implements the rule sealed-secret.
// https://github.com/bitnami-labs/sealed-secrets#scopes
func checkSealedSecret(c check) {
	const wide = "sealedsecrets.bitnami.com/cluster-wide"
	if c.o.gvk.Group != "bitnami.com" || c.o.Kind != "SealedSecret" || c.o.meta.Annotations[wide] == "true" {
		return
	}
	if asString(nested(c.o.raw, "spec", "template", "metadata", "annotations", wide)) != "true" {
		c.rejectAt("metadata.annotations", "has no %s: \"true\": seal it with kubeseal --scope cluster-wide, because every staging has another namespace", wide)
	}
}
