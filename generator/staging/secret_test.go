package staging_test

import (
	"strings"
	"testing"

	"octopod/generator/staging"
)

// The test assembles credentials, so that no scanner finds one in this file.
func TestDetectSecret(t *testing.T) {
	letters := func(n int) string { return strings.Repeat("aB3d", n)[:n] }
	tests := []struct{ value, what string }{
		{"-----BEGIN " + "PRIVATE KEY-----\nMIIE…", "a private key"},
		{"-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE…", "a private key"},
		{"-----BEGIN OPENSSH " + "PRIVATE KEY-----", "a private key"},
		{"-----BEGIN PGP " + "PRIVATE KEY BLOCK-----", "a private key"},
		{`{"private_key": "-----BEGIN ` + `PRIVATE KEY-----\nMIIE"}`, "a private key"},
		{"AK" + "IA234567ABCDEFGHIJ", "an AWS access key"},
		{"key=AS" + "IA234567ABCDEFGHIJ;", "an AWS access key"},
		{"AK" + "IAIOSFODNN7EXAMPLE", ""},
		{"gh" + "p_" + letters(36), "a GitHub token"},
		{"https://x:gh" + "s_" + letters(36) + "@github.com/acme/shop", "a GitHub token"},
		{"github" + "_pat_" + letters(60), "a GitHub token"},
		{"gl" + "pat-" + letters(20), "a GitLab token"},
		{"xo" + "xb-123456789012-" + letters(12), "a Slack token"},
		{"https://hooks.slack" + ".com/services/T0001/B0001/" + letters(24), "a Slack webhook address"},
		{"sk" + "_live_" + letters(24), "a live Stripe key"},
		{"rk" + "_live_" + letters(24), "a live Stripe key"},
		{"npm" + "_" + letters(36), "an npm token"},
		{"S" + "G." + letters(22) + "." + letters(43), "a SendGrid key"},
		{"sk" + "-ant-" + letters(40), "an API key"},

		{"", ""},
		{"production", ""},
		{"sk_test_" + letters(24), ""}, // a test key
		{"pk_live_" + letters(24), ""}, // publishable by design
		{"-----BEGIN CERTIFICATE-----", ""},
		{"-----BEGIN PUBLIC KEY-----", ""},
		{"the PRIVATE KEY is in the vault", ""},
		{"registry.example.com/shop/backend:1f2e3d4", ""},
		{"stripe/api-key", ""},
		{"npm_config_cache", ""},
		{"postgres://shop:shop@db:5432/shop", ""}, // the password of a throw-away database
		{"https://api.slack.com/methods", ""},
		{"INDIA", ""},
	}
	for _, tt := range tests {
		what, yes := staging.DetectSecret(tt.value)
		if what != tt.what || yes != (tt.what != "") {
			t.Errorf("DetectSecret(%q) = %q, %v; want %q", tt.value, what, yes, tt.what)
		}
	}
}

func BenchmarkDetectSecretPlain(b *testing.B) {
	for b.Loop() {
		staging.DetectSecret("registry.example.com/shop/backend:1f2e3d4")
	}
}
