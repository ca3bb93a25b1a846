package staging_test

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/staging"
)

// mixed returns n letters and digits, hexadecimal returns n digits of a hash.
func mixed(n int) string       { return strings.Repeat("aB3dE6gH9k", n/10+1)[:n] }
func hexadecimal(n int) string { return strings.Repeat("0a1b2c3d4e5f6789", n/16+1)[:n] }
func upper(n int) string       { return strings.ToUpper(mixed(n)) }

// secretVectors has a credential of each form, and a text near to it which is none. The
// test assembles both, so that no scanner finds one in this file.
var secretVectors = []struct{ what, secret, harmless string }{
	{"a private key", "-----BEGIN EC " + "PRIVATE KEY-----", "-----BEGIN EC " + "PUBLIC KEY-----"},
	{"a private key", "LS0tLS1CRUd" + "JTiBQUklWQVRFIEtFWS0tLS0t", "LS0tLS1CRUd" + "JTiBDRVJUSUZJQ0FURS0tLS0t"},
	{"a private key", "PuTTY-User-Key" + "-File-3: ssh-ed25519", "PuTTY-User-Key-File"},
	{"a private key", "-----BEGIN OpenVPN " + "Static key V1-----", "an OpenVPN Static key"},
	{"an age key", "AGE-SECRET" + "-KEY-1" + upper(58), "age1" + hexadecimal(58)},
	{"an AWS access key", "AK" + "IA234567ABCDEFGHIJ", "AK" + "IA234567ABCDEF"},
	{"an AWS access key", "AB" + "IA234567ABCDEFGHIJ", "AB" + "IA_SETTINGS_OF_ALL_USERS"},
	{"an AWS secret key", "AWS_SECRET_ACCESS" + "_KEY: " + mixed(38) + "/+", "AWS_SECRET_ACCESS_KEY: aws/secret-access-key"},
	{"an AWS secret key", "aws_secret_access" + "_key=" + mixed(40), "aws_secret_access_key=" + "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"},
	{"an AWS secret key", `"secretAccess` + `Key": "` + mixed(40) + `"`, `"secretAccessKeySecretRef": "` + mixed(20) + `"`},
	{"an Azure storage key", "DefaultEndpointsProtocol=https;Account" + "Key=" + mixed(86) + "==;", "AccountKey=" + mixed(20)},
	{"an Azure access key", "Endpoint=sb://x/;SharedAccess" + "Key=" + mixed(43) + "=", "SharedAccessKeyName=RootManageSharedAccessKey"},
	{"an Azure signed address", "https://x.blob.core.windows.net/a?sv=2024&s" + "ig=" + mixed(43) + "%3D", "https://example.com/?sig=short%3D"},
	{"an Azure client secret", "abc8" + "Q~" + mixed(34), "FAQ~" + mixed(34)},
	{"a Google API key", "AI" + "za" + mixed(35), "AIza" + mixed(10)},
	{"a Google client secret", "GOC" + "SPX-" + mixed(28), "GOCSPX-client"},
	{"a Google access token", "ya" + "29." + mixed(40), "ya29.example"},
	{"a DigitalOcean token", "dop" + "_v1_" + hexadecimal(64), "dop_v1_" + hexadecimal(20)},
	{"an Alibaba access key", "LT" + "AI" + mixed(20), "LTAI"},
	{"a Cloudflare origin key", "v1" + ".0-" + hexadecimal(24) + "-" + hexadecimal(146), "v1.0-" + hexadecimal(24)},
	{"a Heroku key", "HRKU" + "-AA" + mixed(58), "HRKU-AA"},
	{"a Fly.io token", "fo" + "1_" + mixed(43), "info1_" + mixed(43)},
	{"a GitHub token", "gh" + "o_" + mixed(36), "gho_" + mixed(10)},
	{"a GitHub token", "github" + "_pat_" + mixed(60), "github_pat_name"},
	{"a GitLab token", "gl" + "rt-" + mixed(20), "glrt-runner"},
	{"a GitLab token", "gl" + "ptt-" + mixed(40), "glptt-trigger"},
	{"an Atlassian token", "ATA" + "TT3" + mixed(60), "ATATT3"},
	{"an Atlassian token", "AT" + "BB" + mixed(32), "ATBBQ"},
	{"an npm token", "npm" + "_" + mixed(36), "npm_config_registry"},
	{"a PyPI token", "pypi" + "-AgEIcHlwaS5vcmc" + mixed(60), "pypi-AgEnt"},
	{"a RubyGems token", "rubygems" + "_" + hexadecimal(48), "rubygems_version"},
	{"a Docker Hub token", "dckr" + "_pat_" + mixed(27), "dckr_pat_x"},
	{"a Terraform token", mixed(14) + ".atlas" + "v1." + mixed(62), "x.atlasv1.y"},
	{"a Pulumi token", "pul" + "-" + hexadecimal(40), "pul-" + hexadecimal(12)},
	{"a Postman key", "PM" + "AK-" + hexadecimal(24) + "-" + hexadecimal(34), "PMAK-" + hexadecimal(24)},
	{"a Vault token", "hv" + "s." + mixed(90), "hvs.example.com"},
	{"a Doppler token", "dp" + ".st.prd." + mixed(40), "dp.st.prd"},
	{"a 1Password token", "ops" + "_eyJ" + mixed(120), "ops_eyJ"},
	{"a PlanetScale password", "pscale" + "_pw_" + mixed(43), "pscale_pw_x"},
	{"a Databricks token", "da" + "pi" + hexadecimal(32), "dapi" + hexadecimal(8)},
	{"a Slack token", "xo" + "xp-123456789012-" + mixed(12), "xoxo-love"},
	{"a Slack token", "xa" + "pp-1-A0123-456-" + mixed(64), "xapp-1"},
	{"a Slack webhook address", "https://hooks.slack" + ".com/services/T0001/B0001/" + mixed(24), "https://hooks.slack.com/services"},
	{"a Slack webhook address", "https://hooks.slack" + ".com/triggers/T0001/123/" + mixed(24), "https://hooks.slack.com/triggers"},
	{"a Teams webhook address", "https://acme.webhook" + ".office.com/webhookb2/" + hexadecimal(36) + "@x", "https://acme.webhook.office.com/"},
	{"a Discord webhook address", "https://discord" + ".com/api/webhooks/123456789012345678/" + mixed(68), "https://discord.com/api/webhooks/"},
	{"a Telegram token", "bot123456789" + ":AA" + mixed(33), "12:AA" + mixed(33)},
	{"a SendGrid key", "S" + "G." + mixed(22) + "." + mixed(43), "SG." + mixed(22)},
	{"a Mailgun key", "key" + "-" + hexadecimal(32), "key-" + hexadecimal(40)},
	{"a Mailchimp key", hexadecimal(32) + "-us" + "12", hexadecimal(32) + "-user"},
	{"a Brevo key", "xkey" + "sib-" + hexadecimal(64) + "-" + mixed(16), "xkeysib-x"},
	{"a Twilio key", "S" + "K" + hexadecimal(32), "SK" + hexadecimal(40)},
	{"a live Stripe key", "sk" + "_live_" + mixed(24), "sk_test_" + mixed(24)},
	{"a Stripe webhook secret", "whsec" + "_" + mixed(32), "whsec_x"},
	{"a Shopify token", "shp" + "at_" + hexadecimal(32), "shpat_x"},
	{"a Square token", "sq0" + "atp-" + mixed(22), "sq0idp-" + mixed(22)},
	{"a Braintree token", "access_token" + "$production$" + mixed(0) + hexadecimal(16) + "$" + hexadecimal(32), "access_token$production"},
	{"a Facebook token", "EA" + "AC" + mixed(110), "EAAC"},
	{"an API key", "sk" + "-ant-" + mixed(40), "sk-ant-x"},
	{"an API key", "sk" + "-" + mixed(20) + "T3Blbk" + "FJ" + mixed(20), "task-" + mixed(48)},
	{"a Hugging Face token", "h" + "f_" + strings.Repeat("abcDEF", 6)[:34], "hf_home"},
	{"a Grafana token", "gl" + "sa_" + mixed(32) + "_" + hexadecimal(8), "glsa_x"},
	{"a New Relic key", "NR" + "AK-" + upper(27), "NRAK-1"},
	{"a Sentry token", "sntry" + "u_" + hexadecimal(64), "sntryu_x"},
	{"a Dynatrace token", "dt0" + "c01." + upper(24) + "." + upper(64), "dt0c01." + upper(24)},
	{"a Linear key", "lin" + "_api_" + mixed(40), "lin_api_x"},
	{"a Notion token", "nt" + "n_" + mixed(46), "ntn_x"},
	{"a Figma token", "fig" + "d_" + mixed(43), "figd_x"},
	{"an Airtable token", "pa" + "t" + mixed(14) + "." + hexadecimal(64), "pat" + mixed(14)},
	{"an Adobe client secret", "p8" + "e-" + mixed(32), "p8e-x"},
	{"an Artifactory key", "AK" + "Cp" + mixed(69), "AKCp" + mixed(20)},
	{"an Artifactory token", "cmVm" + "dGtu" + mixed(56), "cmVmdGtu"},
	{"a ClickHouse key", "4b" + "1d" + mixed(38), "4b1d" + hexadecimal(36)},
	{"a Clojars token", "CLO" + "JARS_" + hexadecimal(60), "CLOJARS_USERNAME"},
	{"a Dropbox token", "s" + "l." + mixed(135), "sl.example.com"},
	{"a Duffel token", "duffel" + "_live_" + mixed(43), "duffel_live"},
	{"an EasyPost key", "EZ" + "AK" + mixed(54), "EZAK"},
	{"a Flutterwave key", "FLW" + "SECK-" + hexadecimal(32) + "-X", "FLWSECK_TEST"},
	{"a Frame.io token", "fio" + "-u-" + mixed(64), "fio-u-x"},
	{"a GitLab token", "GR13" + "48941" + mixed(20), "GR1348941"},
	{"a Harness token", "pa" + "t." + mixed(22) + "." + hexadecimal(24) + "." + mixed(20), "pat.example.com"},
	{"an Infracost key", "ic" + "o-" + mixed(32), "ico-" + mixed(10)},
	{"an Octopus Deploy key", "AP" + "I-" + upper(26), "API-GATEWAY"},
	{"an OpenShift token", "sha256" + "~" + mixed(43), "sha256~x"},
	{"a Perplexity key", "pp" + "lx-" + mixed(48), "pplx-x"},
	{"a Prefect key", "pn" + "u_" + mixed(36), "pnu_x"},
	{"a ReadMe key", "rd" + "me_" + strings.ToLower(mixed(70)), "rdme_x"},
	{"a Scalingo token", "tk" + "-us-" + mixed(48), "tk-us-east-1"},
	{"a Shippo token", "ship" + "po_live_" + hexadecimal(40), "shippo_live"},
	{"a MaxMind key", mixed(6) + "_" + mixed(29) + "_m" + "mk", "x_mmk"},
	{"a SettleMint token", "sm" + "_pat_" + mixed(16), "sm_pat_x"},
	{"a JSON Web Token", "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0NSJ9." + mixed(43), "eyJhbGciOiJIUzI1NiJ9"},
	{"a password in an address", "postgres://shop" + ":hunter2@db:5432/shop", "postgres://shop:${PASSWORD}@db:5432/shop"},
	{"a password in an address", "amqps://ci" + ":correct$horse@mq/x", "https://example.com:8443/@acme"},
	{"a password in an address", "redis://" + ":hunter2@cache:6379", "http://[::1]:8080/a@b"},
	{"a password", "Server=db;User Id=shop;Pass" + "word=hunter2;", "Server=db;Password=${PASSWORD};"},
	{"a password", "jdbc:postgresql://db/shop?user=shop&pass" + "word=hunter2", "jdbc:postgresql://db/shop?user=shop"},
	{"an Authorization header", "Authoriz" + "ation: Basic " + mixed(24) + "==", "Authorization: Bearer $TOKEN"},
	{"a registry password", `{"auths":{"x":{"au` + `th":"` + mixed(24) + `"}}}`, `{"auth":"none"}`},
	{"a random key of 40 characters, such as an AWS secret key", "wJa1rXUtnFEMI/K7MDENG" + "/bPxRfiCYq7Zt2Lw9Vs", "templates/components/Payments2Production"},
	{"a random key of 40 characters, such as an AWS secret key", "q7Rk2Zp9Lm4Tx8VwB3n" + "YcH6dJ1sFgK5aPeU0XvQz", hexadecimal(40)},
	{"a secret value", "DB_PASS" + "WORD=q7Rk2Zp9Lm4Tx8Vw", "DB_PASSWORD=correct-horse-battery"},
	{"a secret value", `client` + `_secret: "q7Rk2Zp9Lm4Tx8Vw"`, `client_secret: oidc/client-secret`},
}

// Every form finds its credential, alone and inside of other text, and not the text that
// is near to it.
func TestEveryFormOfASecret(t *testing.T) {
	covered := map[int]bool{}
	for _, v := range secretVectors {
		for _, text := range []string{v.secret, "value: " + v.secret + "\n", "line\n\tKEY: '" + v.secret + "' # comment\n" + strings.Repeat("x: y\n", 100)} {
			if what, yes := staging.DetectSecret(text); !yes || what != v.what {
				t.Errorf("%q is %q, %v; want %s", text, what, yes, v.what)
			}
			for _, form := range staging.SecretFormsIn(text) {
				covered[form] = true
			}
		}
		if what, yes := staging.DetectSecret("value: " + v.harmless + "\n"); yes {
			t.Errorf("%q is taken for %s", v.harmless, what)
		}
	}
	if n := staging.SecretForms(); len(covered) != n {
		t.Errorf("%d of %d forms have a vector", len(covered), n)
	}
}

// A finding names line and place.
func TestASecretHasAPlace(t *testing.T) {
	secret := "gh" + "p_" + mixed(36)
	text := "a: b\nc: " + secret + "\nd: " + secret + "\n"
	found := staging.FindSecrets(text)
	if len(found) != 2 || found[0].Line != 2 || found[1].Line != 3 || text[found[0].Start:found[0].End] != secret {
		t.Errorf("found %+v", found)
	}
	at := strings.Repeat("x", 100_000) + " " + secret + " " + strings.Repeat("ghp_ ", 10_000)
	if found := staging.FindSecrets(at); len(found) != 1 {
		t.Errorf("in a long line: %+v", found)
	}
}

// The forms that Octopod learned later make no record and no octopod.yaml invalid.
func TestCommittedSecretsKeepTheirForms(t *testing.T) {
	if _, yes := staging.DetectCommittedSecret("postgres://shop" + ":hunter2@db/shop"); yes {
		t.Error("an old record with the password of an address is refused")
	}
	if what, _ := staging.DetectCommittedSecret("postgres://x:gh" + "p_" + mixed(36) + "@db"); what != "a GitHub token" {
		t.Errorf("a GitHub token in an old record is %q", what)
	}
}

func TestNamesSecret(t *testing.T) {
	for name, want := range map[string]bool{
		"DB_PASSWORD": true, "db.password": true, "dbPassword": true, "DBPASSWORD": true, "PASSWORD_2": true, "API_TOKEN": true, "STRIPE_KEY": true,
		"stripeKey": true, "JWT_SECRET": true, "SECRET_KEY_BASE": true, "AWS_SECRET_ACCESS_KEY": true, "GITHUB_TOKEN_PROD": true,
		"CREDENTIALS": true, "APIKEY": true, "SSH_PASSPHRASE": true, "DB_PWD": true, "backend.API_KEYS": true,

		"TOKEN_TTL": false, "KEYCLOAK_URL": false, "MONKEY": false, "TOKENIZER": false, "PASSWORD_MIN_LENGTH": false, "SECRET_NAME": false,
		"PUBLIC_KEY": false, "CACHE_KEY": false, "KEYBOARD": false, "LOG_LEVEL": false, "": false, "PWD": false, "STRIPE_PUBLISHABLE_KEY": false,
		"TOKEN_URL": false, "OAUTH_TOKEN_ENDPOINT": false, "HOTKEYS": false,
	} {
		if got := staging.NamesSecret(name); got != want {
			t.Errorf("NamesSecret(%q) = %v", name, got)
		}
	}
}

// foreignTexts are texts of other projects with much that looks random or secret.
var foreignTexts = []string{
	"kind: ExternalSecret\nspec:\n  data:\n  - secretKey: password\n    remoteRef: {key: prod/db/password-2024, property: value}\n",
	"kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgBy3i4OJSWK" + mixed(400) + "==\n",
	"env:\n- name: DB_PASSWORD\n  valueFrom: {secretKeyRef: {name: shop-db, key: password}}\n- name: TOKEN_PATH\n  value: /var/run/secrets/tokens/vault-token\n",
	"metadata:\n  annotations:\n    checksum/secret: " + hexadecimal(64) + "\n    app.kubernetes.io/token-review: \"true\"\n",
	"caBundle: LS0tLS1CRUd" + "JTiBDRVJUSUZJQ0FURS0tLS0tCk1JSURC" + mixed(1000) + "\n",
	"image: registry.example.com:5000/shop/backend@sha256:" + hexadecimal(64) + "\n",
	"  \"integrity\": \"sha512-" + mixed(86) + "==\",\n  \"resolved\": \"https://registry.npmjs.org/npm_config/-/x-1.0.0.tgz\"\n",
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ" + mixed(340) + " ada@example.com\n",
	"Reset the password: the token expired. See https://wiki.example.com/a?auth_token=no&x=1, ask ada@example.com: it's key-based now.\n",
	"git clone ssh://git@git.example.com:22/acme/shop.git && curl -u user:$PASSWORD https://example.com/@acme/ui@1.2.3\n",
	"The tokens are described in RFC 7519: header.payload.signature, such as eyJ…; keys begin with AKIA or ASIA, tokens with ghp_.\n",
	"API_KEY=<your api key>\nPASSWORD=changeme\nSECRET_KEY: ${SECRET_KEY}\naccess_token: {{ .Values.accessToken }}\n",
	"uid: 6f1d2c3b-4a5e-4f60-8a7b-9c0d1e2f3a4b\nresourceVersion: \"123456789\"\nhost: hvs.example.com, 10.0.0.1:6443, [2001:db8::1]:443\n",
	"diff --git a/x b/x\nindex " + hexadecimal(40) + ".." + hexadecimal(40) + " 100644\n@@ -1,2 +1,2 @@\n",
	"feature/JIRA-1234-access-token-refresh-for-oauth2-clients-v2\n",
	"password-policy: at-least-12-characters-1-digit\nclientSecretRef: oidc/client-secret-2026-11-30\n",
}

func TestNoFalseAlarm(t *testing.T) {
	texts := foreignTexts
	for _, pattern := range []string{"../../envs/*/*", "../../templates/*/*", "../../jsonnet/*", "../../docs/*.md", "../../*.md", "../../go.sum", "../../octopod.yaml", "../../argocd/*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if data, err := os.ReadFile(name); err == nil { // not of a directory
				texts = append(texts, string(data))
			}
		}
	}
	if len(texts) < len(foreignTexts)+20 {
		t.Fatalf("only %d texts", len(texts))
	}
	for _, text := range texts {
		for _, f := range staging.FindSecrets(text) {
			t.Errorf("%s in line %d of %.60q: %q", f.What, f.Line, text, text[f.Start:f.End])
		}
	}
}

// Nearly all random keys are found, whatever surrounds them, and no hash, path, name or
// line of a certificate is taken for one.
func TestRandomKeysAreFound(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	data := make([]byte, 30)
	missed := 0
	const tries = 2000
	for range tries {
		_, _ = random.Read(data) // never returns an error
		key := base64.StdEncoding.EncodeToString(data)
		for _, text := range []string{key, "a: " + key + "\nb: c\n", "x: '" + key + "'", `{"a":"` + key + `"}`, "--flag=" + key + " --other"} {
			if found := staging.FindSecrets(text); len(found) != 1 || text[found[0].Start:found[0].End] != key {
				missed++
			}
		}
		for _, text := range []string{
			"-----BEGIN CERTIFICATE-----\n" + key + key[:24] + "\n" + key + "\n-----END CERTIFICATE-----\n", "caBundle: |\n    " + key + "\n",
			"x: " + hex.EncodeToString(data[:20]), "x: " + key + "==", "x: ENC[AES256_GCM,data:" + key + ",iv:" + key + "=,type:str]", "x: sha512-" + key, "x: " + key + "." + key, "x: " + key[1:],
		} {
			if found := staging.FindSecrets(text); len(found) > 0 {
				t.Errorf("%s in %q", found[0].What, text)
			}
		}
	}
	if share := float64(missed) / (5 * tries); share > 0.02 {
		t.Errorf("%.1f %% of the keys were missed", 100*share)
	}
}
