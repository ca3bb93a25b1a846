package staging

import "regexp"

// secretForm is a kind of credential that has an unmistakable form.
type secretForm struct {
	what  string
	hints []string       // every match contains one; cheaper than the expression
	form  *regexp.Regexp // nil for the form that findKeys finds
	// The first group of form is a password or another value without a form of its own,
	// so that placeholders and references in its place are no secrets.
	placeholders bool
	// The first group of form is the name of a value, and the second group the value: a
	// secret only if the name is that of a secret.
	named bool
	// Octopod has refused the form from its first version, so no record and no
	// octopod.yaml holds it: these are refused also outside of a commit.
	always bool
}

func form(what string, hints []string, expression string) secretForm {
	return secretForm{what: what, hints: hints, form: regexp.MustCompile(expression)}
}

func always(what string, hints []string, expression string) secretForm {
	f := form(what, hints, expression)
	f.always = true
	return f
}

// value is a form whose secret is the first group.
func value(what string, hints []string, expression string) secretForm {
	f := form(what, hints, expression)
	f.placeholders = true
	return f
}

// named is a form whose first group is a name, and whose secret is the second group.
func named(what string, hints []string, expression string) secretForm {
	f := value(what, hints, expression)
	f.named = true
	return f
}

// secretForms lists the known forms. A password alone has none, so a value without a
// match is not proven harmless.
var secretForms = []secretForm{
	// keys
	always("a private key", []string{"PRIVATE KEY"}, `-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----`),
	form("a private key", []string{"LS0tLS1CRUdJTi"}, `LS0tLS1CRUdJTi(BQUklWQVRFIEtFWS|BSU0EgUFJJVkFURSBLRVkt|BFQyBQUklWQVRFIEtFWS|BPUEVOU1NIIFBSSVZBVEUgS0VZ|BFTkNSWVBURUQgUFJJVkFURSBLRVkt)`),
	form("a private key", []string{"PuTTY-User-Key-File-"}, `PuTTY-User-Key-File-\d`),
	form("a private key", []string{"OpenVPN Static key"}, `-----BEGIN OpenVPN Static key`),
	form("an age key", []string{"AGE-SECRET-KEY-1"}, `\bAGE-SECRET-KEY-1[0-9A-Z]{58}`),

	// clouds
	always("an AWS access key", []string{"AKIA", "ASIA"}, `\b(AKIA|ASIA)[A-Z2-7]{16}\b`),
	form("an AWS access key", []string{"ABIA", "ACCA"}, `\b(ABIA|ACCA)[A-Z2-7]{16}\b`),
	value("an AWS secret key", []string{"access", "Access", "ACCESS", "aws", "AWS"},
		`(?i)(?:aws|secret)[\w.-]{0,30}(?:secret|access)[\w.-]{0,20}["']?\s*(?:=>|:=|=|:|\s)\s*["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)`),
	form("an Azure storage key", []string{"AccountKey="}, `\bAccountKey=[A-Za-z0-9+/]{86}==`),
	form("an Azure access key", []string{"SharedAccessKey="}, `\bSharedAccessKey=[A-Za-z0-9+/]{43}=`),
	form("an Azure signed address", []string{"sig="}, `[?&]sig=[A-Za-z0-9+/%]{43,}(%3D|=)`),
	form("an Azure client secret", []string{"Q~"}, `(^|[^A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}`),
	form("a Google API key", []string{"AIza"}, `\bAIza[0-9A-Za-z_-]{35}`),
	form("a Google client secret", []string{"GOCSPX-"}, `\bGOCSPX-[0-9A-Za-z_-]{28}`),
	form("a Google access token", []string{"ya29."}, `\bya29\.[0-9A-Za-z_-]{20}`),
	form("a DigitalOcean token", []string{"_v1_"}, `\bdo[opr]_v1_[a-f0-9]{64}`),
	form("an Alibaba access key", []string{"LTAI"}, `\bLTAI[0-9A-Za-z]{20}\b`),
	form("a Cloudflare origin key", []string{"v1.0-"}, `\bv1\.0-[a-f0-9]{24}-[a-f0-9]{146}`),
	form("a Heroku key", []string{"HRKU-AA"}, `\bHRKU-AA[0-9A-Za-z_-]{58}`),
	form("a Fly.io token", []string{"FlyV1 fm", "fo1_"}, `\b(fo1_[\w-]{43}|FlyV1 fm[12][ar]?_[A-Za-z0-9+/=,_-]{60})`),

	// forges, packages and builds
	always("a GitHub token", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, `\bgh[pousr]_[A-Za-z0-9]{36}`),
	always("a GitHub token", []string{"github_pat_"}, `\bgithub_pat_[A-Za-z0-9_]{40}`),
	always("a GitLab token", []string{"glpat-", "gldt-", "glrt-"}, `\bgl(pat|dt|rt)-[A-Za-z0-9_-]{20}`),
	form("a GitLab token", []string{"glptt-", "glcbt-", "glft-", "glsoat-", "glimt-", "glagent-", "gloas-"}, `\bgl(ptt|cbt|ft|soat|imt|agent|oas)-[A-Za-z0-9_-]{20}`),
	form("an Atlassian token", []string{"ATATT3", "ATCTT3", "ATBB"}, `\b(AT[AC]TT3[A-Za-z0-9_=-]{50}|ATBB[A-Za-z0-9]{32})`),
	always("an npm token", []string{"npm_"}, `\bnpm_[A-Za-z0-9]{36}\b`),
	form("a PyPI token", []string{"pypi-AgE"}, `\bpypi-AgE[A-Za-z0-9_-]{50}`),
	form("a RubyGems token", []string{"rubygems_"}, `\brubygems_[a-f0-9]{48}`),
	form("a Docker Hub token", []string{"dckr_"}, `\bdckr_(pat|oat)_[A-Za-z0-9_-]{27}`),
	form("a Terraform token", []string{".atlasv1."}, `\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60}`),
	form("a Pulumi token", []string{"pul-"}, `\bpul-[a-f0-9]{40}\b`),
	form("a Postman key", []string{"PMAK-"}, `\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}`),

	// stores of secrets and databases
	form("a Vault token", []string{"hvs.", "hvb.", "hvr."}, `\bhv[sbr]\.[A-Za-z0-9_-]{24}`),
	form("a Doppler token", []string{"dp."}, `\bdp\.(pt|st|ct|sa|scim|audit)\.([a-z0-9_-]+\.)?[A-Za-z0-9]{40}`),
	form("a 1Password token", []string{"ops_eyJ"}, `\bops_eyJ[A-Za-z0-9+/]{100}`),
	form("a PlanetScale password", []string{"pscale_"}, `\bpscale_(tkn|pw|oauth)_[A-Za-z0-9_.-]{32}`),
	form("a Databricks token", []string{"dapi"}, `\bdapi[a-f0-9]{32}`),

	// chats and mail
	always("a Slack token", []string{"xox"}, `\bxox[abeoprs]-[0-9A-Za-z-]{10}`),
	form("a Slack token", []string{"xapp-"}, `\bxapp-\d-[A-Z0-9]+-\d+-[A-Za-z0-9]{10}`),
	always("a Slack webhook address", []string{"hooks.slack.com/"}, `hooks\.slack\.com/services/T\w+/B\w+/\w+`),
	form("a Slack webhook address", []string{"hooks.slack.com/"}, `hooks\.slack\.com/(workflows|triggers)/[A-Z]\w+/\w+/\w+`),
	form("a Teams webhook address", []string{".webhook.office.com/"}, `\.webhook\.office\.com/webhookb2/[a-f0-9-]{36}@`),
	form("a Discord webhook address", []string{"/api/webhooks/"}, `discord(app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60}`),
	form("a Telegram token", []string{":AA"}, `(^|[^0-9A-Za-z])(bot)?\d{8,10}:AA[A-Za-z0-9_-]{33}([^A-Za-z0-9_-]|$)`),
	always("a SendGrid key", []string{"SG."}, `\bSG\.[\w-]{22}\.[\w-]{43}\b`),
	form("a Mailgun key", []string{"key-"}, `\bkey-[a-f0-9]{32}\b`),
	form("a Mailchimp key", []string{"-us"}, `\b[a-f0-9]{32}-us\d{1,2}\b`),
	form("a Brevo key", []string{"xkeysib-"}, `\bxkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}`),
	form("a Twilio key", []string{"SK"}, `\bSK[a-f0-9]{32}\b`),

	// payments and shops
	always("a live Stripe key", []string{"_live_"}, `\b[sr]k_live_[0-9A-Za-z]{16}`),
	form("a Stripe webhook secret", []string{"whsec_"}, `\bwhsec_[A-Za-z0-9+/]{32}`),
	form("a Shopify token", []string{"shpat_", "shpca_", "shppa_", "shpss_"}, `\bshp(at|ca|pa|ss)_[a-fA-F0-9]{32}`),
	form("a Square token", []string{"sq0atp-", "sq0csp-", "EAAA"}, `\b(sq0atp-[A-Za-z0-9_-]{22}|sq0csp-[A-Za-z0-9_-]{43}|EAAA[A-Za-z0-9_-]{60}\b)`),
	form("a Braintree token", []string{"access_token$"}, `access_token\$(production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}`),
	form("a Facebook token", []string{"EAAM", "EAAC"}, `\bEAA[MC][A-Za-z0-9]{100}`),

	// services
	always("an API key", []string{"sk-ant-", "sk-proj-"}, `\bsk-(ant|proj)-[\w-]{20}`),
	form("an API key", []string{"T3BlbkFJ"}, `\bsk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20}`),
	form("a Hugging Face token", []string{"hf_", "api_org_"}, `\b(hf_|api_org_)[A-Za-z]{34}\b`),
	form("a Grafana token", []string{"glsa_", "glc_"}, `\b(glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|glc_[A-Za-z0-9+/]{32})`),
	form("a New Relic key", []string{"NRAK-", "NRJS-", "NRII-"}, `\b(NRAK-[A-Z0-9]{27}|NRJS-[a-f0-9]{19}|NRII-[A-Za-z0-9-]{32})`),
	form("a Sentry token", []string{"sntrys_", "sntryu_"}, `\b(sntrys_eyJ[A-Za-z0-9+/=_]{40}|sntryu_[a-f0-9]{64})`),
	form("a Dynatrace token", []string{"dt0c01."}, `\bdt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}`),
	form("a Linear key", []string{"lin_api_"}, `\blin_api_[A-Za-z0-9]{40}`),
	form("a Notion token", []string{"ntn_"}, `\bntn_[A-Za-z0-9]{40}`),
	form("a Figma token", []string{"figd_"}, `\bfigd_[A-Za-z0-9_-]{40}`),
	form("an Airtable token", []string{"pat"}, `\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}`),

	form("an Adobe client secret", []string{"p8e-"}, `\bp8e-[A-Za-z0-9]{32}\b`),
	form("an Artifactory key", []string{"AKCp"}, `\bAKCp[A-Za-z0-9]{69}\b`),
	form("an Artifactory token", []string{"cmVmdGtu"}, `\bcmVmdGtu[A-Za-z0-9]{56}\b`),
	form("a ClickHouse key", []string{"4b1d"}, `\b4b1d[A-Za-z0-9]{38}\b`),
	form("a Clojars token", []string{"CLOJARS_", "clojars_"}, `\b(?i:clojars)_[a-zA-Z0-9]{60}\b`),
	form("a Dropbox token", []string{"sl."}, `\bsl\.[A-Za-z0-9=_-]{130}`),
	form("a Duffel token", []string{"duffel_"}, `\bduffel_(test|live)_[A-Za-z0-9_=-]{43}`),
	form("an EasyPost key", []string{"EZAK", "EZTK"}, `\bEZ[AT]K[A-Za-z0-9]{54}\b`),
	form("a Flutterwave key", []string{"FLWSECK"}, `\bFLWSECK(_TEST)?-[A-Za-z0-9]{12}`),
	form("a Frame.io token", []string{"fio-u-"}, `\bfio-u-[A-Za-z0-9_=-]{64}`),
	form("a GitLab token", []string{"glffct-", "GR1348941"}, `\b(glffct-|GR1348941)[A-Za-z0-9_-]{20}`),
	form("a Harness token", []string{"pat.", "sat."}, `\b[ps]at\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}\b`),
	form("an Infracost key", []string{"ico-"}, `\bico-[A-Za-z0-9]{32}\b`),
	form("an Octopus Deploy key", []string{"API-"}, `\bAPI-[A-Z0-9]{26}\b`),
	form("an OpenShift token", []string{"sha256~"}, `\bsha256~[A-Za-z0-9_-]{43}`),
	form("a Perplexity key", []string{"pplx-"}, `\bpplx-[A-Za-z0-9]{48}\b`),
	form("a Prefect key", []string{"pnu_"}, `\bpnu_[A-Za-z0-9]{36}\b`),
	form("a ReadMe key", []string{"rdme_"}, `\brdme_[a-z0-9]{70}\b`),
	form("a Scalingo token", []string{"tk-us-"}, `\btk-us-[A-Za-z0-9_-]{48}`),
	form("a Shippo token", []string{"shippo_"}, `\bshippo_(live|test)_[a-fA-F0-9]{40}\b`),
	form("a MaxMind key", []string{"_mmk"}, `\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b`),
	form("a SettleMint token", []string{"sm_aat_", "sm_pat_", "sm_sat_"}, `\bsm_[aps]at_[A-Za-z0-9]{16}\b`),

	// forms of no service
	form("a JSON Web Token", []string{"eyJ"}, `\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}`),
	value("a password in an address", []string{"://"}, `[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:"'<>]*:([^\s/@"'<>]+)@`),
	value("a password", []string{"assword=", "ASSWORD=", "wd=", "WD="},
		`(?i)(?:jdbc:|\bserver=|\bdata source=|\bhost=|\bendpoint=).*?\b(?:password|pwd)=([^;&\s"']+)`),
	value("an Authorization header", []string{"uthorization", "UTHORIZATION"},
		`(?i)\bauthorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+([A-Za-z0-9+/=_.~-]{16,})`),
	value("a registry password", []string{"auth"}, `\\?"auth\\?"\s*:\s*\\?"([A-Za-z0-9+/]{16,}={0,2})\\?"`),
	named("a secret value", []string{"assword", "ASSWORD", "asswd", "ASSWD", "_pass", "_PASS", "oken", "OKEN", "ecret", "ECRET", "redential", "REDENTIAL",
		"pikey", "piKey", "PIKEY", "_key", "_KEY", "-key", "Key:", "Key=", `Key"`},
		`(?:^|[^\w./-])([\w.-]{3,80})["'\x60]?\s*(?:=>|:=|=|:)\s*["'\x60]?([A-Za-z0-9+/_~!@#%^&*.-]{16,128}={0,2})(?:["'\x60\s,;})]|$)`),
	{what: "a random key of 40 characters, such as an AWS secret key"},
}
