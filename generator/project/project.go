package project

import "octopod/generator/staging"

// APIVersion and Kind head octopod.yaml.
const (
	APIVersion = "octopod.dev/v1alpha1"
	Kind       = "Project"
	File       = "octopod.yaml" // at the root of the env repo
)

// Project is octopod.yaml: everything a team decides once about its stagings.
type Project struct {
	// Always octopod.dev/v1alpha1.
	APIVersion string `yaml:"apiVersion" json:"apiVersion"`
	// Always Project.
	Kind     string   `yaml:"kind" json:"kind"`
	Metadata Metadata `yaml:"metadata" json:"metadata"`
	Spec     Spec     `yaml:"spec" json:"spec"`
}

// Metadata names the project.
type Metadata struct {
	// RFC 1123 label; the stem of namespaces and Applications.
	Name string `yaml:"name" json:"name"`
	// What people read at the top of the page.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
}

// Spec is what the team decides.
type Spec struct {
	// What turns parameters into manifests: kustomize or jsonnet.
	Engine Engine `yaml:"engine" json:"engine" jsonschema:"enum=kustomize,enum=jsonnet"`
	// What the env repo holds: source (Argo CD renders) or rendered (plain YAML).
	Output Output `yaml:"output,omitempty" json:"output,omitempty" jsonschema:"enum=source,enum=rendered"`
	// The addresses of a staging.
	Hosts Hosts `yaml:"hosts" json:"hosts"`
	// How a branch becomes a name.
	Naming Naming `yaml:"naming,omitempty" json:"naming,omitzero"`
	// Which branches get a staging by themselves.
	Branches Branches `yaml:"branches,omitempty" json:"branches,omitzero"`
	// Where the kustomize base lies. Only with engine kustomize.
	Kustomize Kustomize `yaml:"kustomize,omitempty" json:"kustomize,omitzero"`
	// Where the jsonnet file lies. Only with engine jsonnet.
	Jsonnet Jsonnet `yaml:"jsonnet,omitempty" json:"jsonnet,omitzero"`
	// The deployable parts, by name.
	Services map[string]Service `yaml:"services" json:"services"`
	// What may be set on a staging, by name. Anything else is refused.
	Parameters map[string]Parameter `yaml:"parameters,omitempty" json:"parameters,omitempty"`
	// Named sets of overrides: one click, one flag.
	Presets map[string]Preset `yaml:"presets,omitempty" json:"presets,omitempty"`
	// Links shown beside a staging.
	Links []Link `yaml:"links,omitempty" json:"links,omitempty"`
	// Who may do what on the page and the API.
	Access Access `yaml:"access,omitempty" json:"access,omitzero"`
	// How the page looks, and which parts of it are for whom.
	UI UI `yaml:"ui,omitempty" json:"ui,omitzero"`
	// When stagings expire, and what archive and delete mean.
	Lifecycle Lifecycle `yaml:"lifecycle,omitempty" json:"lifecycle,omitzero"`
	// Who is told when a staging changes its state.
	Notify []NotificationRule `yaml:"notify,omitempty" json:"notify,omitempty"`
	// What is asked of the registries before a deploy.
	Images Images `yaml:"images,omitempty" json:"images,omitzero"`
	// Where a staging's database comes from.
	Database Database `yaml:"database,omitempty" json:"database,omitzero"`
	// ResourceQuota spec.hard of every staging: requests.cpu: "2".
	Quota map[string]string `yaml:"quota,omitempty" json:"quota,omitempty"`
	// Exceptions to the checks, each with a reason.
	Checks Checks `yaml:"checks,omitempty" json:"checks,omitzero"`
	// Where Argo CD finds the env repo and puts the stagings.
	ArgoCD ArgoCD `yaml:"argocd,omitempty" json:"argocd,omitzero"`
}

// Engine turns Params into manifests.
type Engine string

// The engines.
const (
	EngineKustomize Engine = "kustomize"
	EngineJsonnet   Engine = "jsonnet"
)

// Output says what the env repo holds for a staging.
type Output string

// The outputs.
const (
	OutputSource   Output = "source"
	OutputRendered Output = "rendered"
)

// Hosts says where stagings are reached. Every host is one label under the
// base domain, so that a single wildcard certificate serves all.
type Hosts struct {
	// For example staging.example.com.
	BaseDomain string `yaml:"baseDomain" json:"baseDomain"`
	// https (default) or http.
	Scheme string `yaml:"scheme,omitempty" json:"scheme,omitempty" jsonschema:"enum=https,enum=http"`
}

// Naming says how a branch becomes the name of its staging.
type Naming struct {
	// Prefixes cut off a branch: feature/. The first that matches counts.
	StripPrefixes []string `yaml:"stripPrefixes,omitempty" json:"stripPrefixes,omitempty"`
	// Pattern of the namespace, with {project} and {name}. Default {project}-{name}.
	Namespace string `yaml:"namespace,omitempty" json:"namespace,omitempty"`
	// Most characters of a name; the limits of derived names apply as well.
	MaxLength int `yaml:"maxLength,omitempty" json:"maxLength,omitempty"`
	// Names no staging may have.
	Reserved []string `yaml:"reserved,omitempty" json:"reserved,omitempty"`
}

// Kustomize says where the base and its options lie.
type Kustomize struct {
	// Directory of the base from the root of the env repo. Default templates/<project>.
	Base string `yaml:"base,omitempty" json:"base,omitempty"`
	// Components that every staging has, by directory from the root.
	Components []string `yaml:"components,omitempty" json:"components,omitempty"`
	// ConfigMap of the base that app settings are merged into. Default app-config.
	ConfigMap string `yaml:"configMap,omitempty" json:"configMap,omitempty"`
}

// Jsonnet says where the template function lies.
type Jsonnet struct {
	// File from the root of the env repo. Default jsonnet/<project>.libsonnet.
	File string `yaml:"file,omitempty" json:"file,omitempty"`
	// Library directories (-J) from the root. Default [jsonnet].
	Libraries []string `yaml:"libraries,omitempty" json:"libraries,omitempty"`
}

// Service is one deployable part of the product.
type Service struct {
	// What people read; default the name.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
	// Repository of the application, for example github.com/acme/backend.
	Repository string `yaml:"repository,omitempty" json:"repository,omitempty"`
	// Its main branch. Default main.
	DefaultBranch string `yaml:"defaultBranch,omitempty" json:"defaultBranch,omitempty"`
	// Image that runs where the branch has built none: registry/shop/backend:main.
	// A deploy of the default branch puts its own image here.
	Image string `yaml:"image,omitempty" json:"image,omitempty"`
	// Image that CI builds of a commit: registry/shop/backend:{commit}, or {shortCommit} for its first seven
	// digits. A push deploys it. Absent: CI deploys what it built.
	Build string `yaml:"build,omitempty" json:"build,omitempty"`
	// A new default image reaches the stagings that run the old one in the same
	// commit. Otherwise each gets it with its next deploy.
	Follow bool `yaml:"follow,omitempty" json:"follow,omitempty"`
	// Image name as the template writes it. Default the service's name.
	TemplateImage string `yaml:"templateImage,omitempty" json:"templateImage,omitempty"`
	// Host label with {name}: "{name}" or "api-{name}". Absent: not reached from outside.
	Host string `yaml:"host,omitempty" json:"host,omitempty"`
	// Path behind the host that a link opens, for example /login.
	Path string `yaml:"path,omitempty" json:"path,omitempty"`
}

// Link is shown beside a staging. Its URL may hold {project}, {name},
// {namespace}, {branch} (URL-escaped) and {host.<service>}.
type Link struct {
	Name string `yaml:"name" json:"name"`
	URL  string `yaml:"url" json:"url"`
	// Least role that sees it. Default viewer.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=viewer,enum=user,enum=admin"`
}

// Preset is a named set of overrides.
type Preset struct {
	// What choosing it means, for people.
	Help      string            `yaml:"help,omitempty" json:"help,omitempty"`
	Overrides staging.Overrides `yaml:"overrides" json:"overrides"`
}

// Lifecycle says when stagings end. Durations are written like 36h or 14d.
type Lifecycle struct {
	// Archived when no deploy came for so long. Absent: never.
	TTL Duration `yaml:"ttl,omitempty" json:"ttl,omitempty"`
	// Deleted when archived for so long. Absent: never.
	ArchiveRetention Duration `yaml:"archiveRetention,omitempty" json:"archiveRetention,omitempty"`
	// Waited after a branch disappeared, before its staging goes. Default 1h.
	BranchGrace Duration `yaml:"branchGrace,omitempty" json:"branchGrace,omitempty"`
	// How long before a staging is archived or deleted for its age the sweep warns. Default 1d.
	Warning Duration `yaml:"warning,omitempty" json:"warning,omitempty"`
	// Most active stagings at once. Absent: no limit.
	MaxActive int `yaml:"maxActive,omitempty" json:"maxActive,omitempty"`
	// Most active stagings of one author at once: of the pull request, or who created it. Absent: no limit.
	MaxActivePerAuthor int `yaml:"maxActivePerAuthor,omitempty" json:"maxActivePerAuthor,omitempty"`
	// One more than the most: sleepOldest (default; the sweep archives the one that had no deploy for
	// longest) or refuse (a deploy that would wake or make it is refused).
	WhenFull WhenFull `yaml:"whenFull,omitempty" json:"whenFull,omitempty" jsonschema:"enum=sleepOldest,enum=refuse"`
	// When all stagings sleep, as at night.
	Sleep Sleep `yaml:"sleep,omitempty" json:"sleep,omitzero"`
	// Names that never expire and never sleep.
	Permanent []string `yaml:"permanent,omitempty" json:"permanent,omitempty"`
	// What archiving does to kinds beyond the built-in workloads.
	Archive []ArchiveFix `yaml:"archive,omitempty" json:"archive,omitempty"`
	// Kustomize component (directory from the root) added while a staging is being
	// deleted: its Jobs remove what lies outside the cluster. With it a delete has two steps.
	Teardown string `yaml:"teardown,omitempty" json:"teardown,omitempty"`
}

// WhenFull says what happens when there are too many active stagings.
type WhenFull string

// What may happen.
const (
	SleepOldest WhenFull = "sleepOldest"
	Refuse      WhenFull = "refuse"
)

// Sleep is when all stagings are put to sleep and woken, as cron lines of five
// fields. One that is deployed or restored meanwhile stays awake till the next time.
type Sleep struct {
	// For example "0 20 * * 1-5".
	At string `yaml:"at" json:"at"`
	// For example "0 7 * * 1-5": who slept on Friday sleeps till Monday.
	Wake string `yaml:"wake" json:"wake"`
	// Of both, for example Europe/Berlin. Default UTC.
	TimeZone string `yaml:"timeZone,omitempty" json:"timeZone,omitempty"`
}

// ArchiveFix puts one kind of custom object to sleep.
type ArchiveFix struct {
	// For example postgresql.
	Kind string `yaml:"kind" json:"kind"`
	// RFC 6901 pointer, for example /spec/numberOfInstances.
	Pointer string `yaml:"pointer" json:"pointer"`
	// What is written there while archived.
	Value any `yaml:"value" json:"value"`
}

// Database says where a staging's database comes from.
type Database struct {
	// template (a workload of the template, default) or none.
	Kind string `yaml:"kind,omitempty" json:"kind,omitempty" jsonschema:"enum=template,enum=none"`
	// Pattern of the database's name, with {project} and {name}; dashes become underscores.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
}

// Checks are a project's exceptions.
type Checks struct {
	Allow []Allow `yaml:"allow,omitempty" json:"allow,omitempty"`
}

// Allow lets named objects break one rule.
type Allow struct {
	// A rule's name, as a refused check prints it in brackets.
	Rule string `yaml:"rule" json:"rule"`
	// Kind of the objects. Absent: every kind.
	Kind string `yaml:"kind,omitempty" json:"kind,omitempty"`
	// Name of the object. Absent: every name.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Why this is fine here.
	Reason string `yaml:"reason" json:"reason"`
}

// ArgoCD says where Argo CD finds the env repo and puts the stagings.
type ArgoCD struct {
	// The env repo as Argo CD reaches it. Default: the address given to init.
	RepoURL string `yaml:"repoURL,omitempty" json:"repoURL,omitempty"`
	// Branch of the env repo that is synced. Default main.
	Branch string `yaml:"branch,omitempty" json:"branch,omitempty"`
	// Namespace of Argo CD itself. Default argocd.
	Namespace string `yaml:"namespace,omitempty" json:"namespace,omitempty"`
	// Cluster the stagings run in. Default https://kubernetes.default.svc.
	Destination string `yaml:"destination,omitempty" json:"destination,omitempty"`
}
