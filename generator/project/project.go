package project

import "octopod/generator/staging"

// APIVersion and Kind are the first fields of octopod.yaml.
const (
	APIVersion = "octopod.dev/v1alpha1"
	Kind       = "Project"
	File       = "octopod.yaml" // at the root of the env repo
)

// Project is octopod.yaml: the configuration of all stagings of one product.
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
	// Name of the project, an RFC 1123 label; the prefix of namespaces and Applications.
	Name string `yaml:"name" json:"name"`
	// Title at the top of the web UI.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
}

// Spec is the configuration of a project.
type Spec struct {
	// Template engine: kustomize or jsonnet.
	Engine Engine `yaml:"engine" json:"engine" jsonschema:"enum=kustomize,enum=jsonnet"`
	// Content of the env repo: source (Argo CD renders) or rendered (plain YAML).
	Output Output `yaml:"output,omitempty" json:"output,omitempty" jsonschema:"enum=source,enum=rendered"`
	// The addresses of a staging.
	Hosts Hosts `yaml:"hosts" json:"hosts"`
	// Rules that derive the name of a staging from its branch.
	Naming Naming `yaml:"naming,omitempty" json:"naming,omitzero"`
	// Branches that get a staging automatically, through webhooks.
	Branches Branches `yaml:"branches,omitempty" json:"branches,omitzero"`
	// Location of the kustomize base. Only with engine kustomize.
	Kustomize Kustomize `yaml:"kustomize,omitempty" json:"kustomize,omitzero"`
	// Helm charts beside the base, or instead of one. Only with engine kustomize.
	Helm Helm `yaml:"helm,omitempty" json:"helm,omitzero"`
	// Location of the jsonnet file. Only with engine jsonnet.
	Jsonnet Jsonnet `yaml:"jsonnet,omitempty" json:"jsonnet,omitzero"`
	// The deployable parts, by name.
	Services map[string]Service `yaml:"services" json:"services"`
	// Settings that a staging can have, by name. Octopod rejects all others.
	Parameters map[string]Parameter `yaml:"parameters,omitempty" json:"parameters,omitempty"`
	// Named groups of overrides, to apply with one click or one flag.
	Presets map[string]Preset `yaml:"presets,omitempty" json:"presets,omitempty"`
	// Links on the page of a staging.
	Links []Link `yaml:"links,omitempty" json:"links,omitempty"`
	// Roles of users in the web UI and the API.
	Access Access `yaml:"access,omitempty" json:"access,omitzero"`
	// Appearance of the web UI, and the role that each part of it requires.
	UI UI `yaml:"ui,omitempty" json:"ui,omitzero"`
	// Expiry of stagings, and the effect of archive and delete.
	Lifecycle Lifecycle `yaml:"lifecycle,omitempty" json:"lifecycle,omitzero"`
	// Exceptions for some branches, authors and teams. For each field, the first rule that matches a staging and has
	// the field applies.
	Rules []Rule `yaml:"rules,omitempty" json:"rules,omitempty"`
	// Notifications when a staging changes its state.
	Notify []NotificationRule `yaml:"notify,omitempty" json:"notify,omitempty"`
	// Checks of an image in its registry before a deploy.
	Images Images `yaml:"images,omitempty" json:"images,omitzero"`
	// Database of every staging, its seeds, and its migrations.
	Database Database `yaml:"database,omitempty" json:"database,omitzero"`
	// Secrets that every staging gets, by reference.
	Secrets []SecretCopy `yaml:"secrets,omitempty" json:"secrets,omitempty"`
	// Protection of stagings from the outside and from each other.
	Hygiene Hygiene `yaml:"hygiene,omitempty" json:"hygiene,omitzero"`
	// ResourceQuota spec.hard of every staging: requests.cpu: "2".
	Quota map[string]string `yaml:"quota,omitempty" json:"quota,omitempty"`
	// Sizes that a staging can have, each with its quota: the parameter size chooses one. The first is
	// the default.
	Sizes []Size `yaml:"sizes,omitempty" json:"sizes,omitempty"`
	// Price table of the cluster: with it, Octopod shows what stagings cost.
	Cost Cost `yaml:"cost,omitempty" json:"cost,omitzero"`
	// Exceptions to the checks, each with a reason.
	Checks Checks `yaml:"checks,omitempty" json:"checks,omitzero"`
	// Address of the env repo for Argo CD, and the cluster of the stagings.
	ArgoCD ArgoCD `yaml:"argocd,omitempty" json:"argocd,omitzero"`
}

// Engine turns Params into manifests.
type Engine string

// The engines.
const (
	EngineKustomize Engine = "kustomize"
	EngineJsonnet   Engine = "jsonnet"
)

// Output is the content of the env repo for a staging.
type Output string

// The outputs.
const (
	OutputSource   Output = "source"
	OutputRendered Output = "rendered"
)

// Hosts defines the addresses of stagings. Every host is one label under the base
// domain, so that one wildcard certificate covers all.
type Hosts struct {
	// Domain of all stagings, for example staging.example.com.
	BaseDomain string `yaml:"baseDomain" json:"baseDomain"`
	// Scheme of the addresses: https (default) or http.
	Scheme string `yaml:"scheme,omitempty" json:"scheme,omitempty" jsonschema:"enum=https,enum=http"`
}

// Naming defines how the name of a staging is derived from its branch.
type Naming struct {
	// Prefixes to remove from a branch, for example feature/, without patterns. The first match
	// applies.
	StripPrefixes []string `yaml:"stripPrefixes,omitempty" json:"stripPrefixes,omitempty"`
	// Pattern of the namespace, with {project} and {name}. Default {project}-{name}.
	Namespace string `yaml:"namespace,omitempty" json:"namespace,omitempty"`
	// Maximum length of a name; the limits of derived names apply as well.
	MaxLength int `yaml:"maxLength,omitempty" json:"maxLength,omitempty"`
	// Names that no staging can have, each in full.
	Reserved []string `yaml:"reserved,omitempty" json:"reserved,omitempty"`
}

// Kustomize is the location of the base, and its options.
type Kustomize struct {
	// Directory of the base from the root of the env repo. Default templates/<project>; with Helm
	// charts none.
	Base string `yaml:"base,omitempty" json:"base,omitempty"`
	// Components of every staging: directories from the root of the env repo.
	Components []string `yaml:"components,omitempty" json:"components,omitempty"`
	// ConfigMap of the base that gets the settings of scope app. Default app-config.
	ConfigMap string `yaml:"configMap,omitempty" json:"configMap,omitempty"`
}

// Jsonnet is the location of the template function.
type Jsonnet struct {
	// File from the root of the env repo. Default jsonnet/<project>.libsonnet.
	File string `yaml:"file,omitempty" json:"file,omitempty"`
	// Library directories (-J) from the root. Default [jsonnet].
	Libraries []string `yaml:"libraries,omitempty" json:"libraries,omitempty"`
}

// Link is a link on the page of a staging. Its URL may contain {project}, {name},
// {namespace}, {branch} (URL-escaped) and {host.<service>}.
type Link struct {
	Name string `yaml:"name" json:"name"`
	URL  string `yaml:"url" json:"url"`
	// Role required to see the link. Default viewer.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=viewer,enum=user,enum=admin"`
}

// Preset is a named set of overrides.
type Preset struct {
	// Name of the preset for people. Default the name of the preset.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
	// Description of the preset, for users.
	Help      string            `yaml:"help,omitempty" json:"help,omitempty"`
	Overrides staging.Overrides `yaml:"overrides" json:"overrides"`
}

// Lifecycle defines when stagings are archived and deleted. Durations have the form 36h or 14d.
type Lifecycle struct {
	// Time to live: the sweep archives a staging after this time without a deploy. Absent: never.
	TTL Duration `yaml:"ttl,omitempty" json:"ttl,omitempty"`
	// The sweep deletes a staging after this time in the archive. Absent: never.
	ArchiveRetention Duration `yaml:"archiveRetention,omitempty" json:"archiveRetention,omitempty"`
	// Time between the deletion of a branch and the removal of its staging. Default 1h.
	BranchGrace Duration `yaml:"branchGrace,omitempty" json:"branchGrace,omitempty"`
	// Time between the warning of the sweep and archiving or deleting a staging for its age.
	// Default 1d.
	Warning Duration `yaml:"warning,omitempty" json:"warning,omitempty"`
	// Maximum number of active stagings. Absent: no limit.
	MaxActive int `yaml:"maxActive,omitempty" json:"maxActive,omitempty"`
	// Maximum number of active stagings per author: the author of the pull request, or else the
	// creator of the staging. Absent: no limit.
	MaxActivePerAuthor int `yaml:"maxActivePerAuthor,omitempty" json:"maxActivePerAuthor,omitempty"`
	// Reaction to a staging over the maximum: sleepOldest (default; the sweep archives the staging
	// without a deploy for the longest time) or refuse (Octopod rejects a deploy that would create
	// or restore a staging).
	WhenFull WhenFull `yaml:"whenFull,omitempty" json:"whenFull,omitempty" jsonschema:"enum=sleepOldest,enum=refuse"`
	// Schedule on which the sweep archives and restores all stagings, for example at night.
	Sleep Sleep `yaml:"sleep,omitempty" json:"sleep,omitzero"`
	// Names of stagings that the sweep never archives or deletes; * matches any text: release-*.
	Permanent []string `yaml:"permanent,omitempty" json:"permanent,omitempty"`
	// Changes that archive a custom object; the built-in workloads need none.
	Archive []ArchiveFix `yaml:"archive,omitempty" json:"archive,omitempty"`
	// Kustomize component (directory from the root) that Octopod adds while it deletes a staging:
	// its Jobs delete resources outside the cluster. With it, delete has two steps. Only with
	// engine kustomize.
	Teardown string `yaml:"teardown,omitempty" json:"teardown,omitempty"`
}

// WhenFull is the reaction to too many active stagings.
type WhenFull string

// The reactions.
const (
	SleepOldest WhenFull = "sleepOldest"
	Refuse      WhenFull = "refuse"
)

// ArchiveFix archives one kind of custom object.
type ArchiveFix struct {
	// Kind of the objects, for example postgresql.
	Kind string `yaml:"kind" json:"kind"`
	// RFC 6901 pointer to a field, for example /spec/numberOfInstances.
	Pointer string `yaml:"pointer" json:"pointer"`
	// Value of the field in an archived staging.
	Value any `yaml:"value" json:"value"`
}

// Checks holds the exceptions to the checks.
type Checks struct {
	Allow []Allow `yaml:"allow,omitempty" json:"allow,omitempty"`
}

// Allow is an exception: it lets objects break one rule.
type Allow struct {
	// Name of the rule, which a failed check prints in brackets.
	Rule string `yaml:"rule" json:"rule"`
	// Kind of the objects. Absent: every kind.
	Kind string `yaml:"kind,omitempty" json:"kind,omitempty"`
	// Name of the object. Absent: every name.
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Field of the object, as a failed check prints it; positions in lists do not matter. Absent: every field.
	Field string `yaml:"field,omitempty" json:"field,omitempty"`
	// Reason why the exception is safe.
	Reason string `yaml:"reason" json:"reason"`
}

// ArgoCD is the env repo as Argo CD reaches it, and the cluster of the stagings.
type ArgoCD struct {
	// Address of the env repo for Argo CD. Default: the address passed to init.
	RepoURL string `yaml:"repoURL,omitempty" json:"repoURL,omitempty"`
	// Branch of the env repo that Octopod writes and Argo CD syncs. Default main.
	Branch string `yaml:"branch,omitempty" json:"branch,omitempty"`
	// Namespace of Argo CD itself, where it reads the AppProject. Default argocd.
	Namespace string `yaml:"namespace,omitempty" json:"namespace,omitempty"`
	// Namespace of the ApplicationSet and the Applications, for an Argo CD with Applications in any
	// namespace. Default: the namespace of Argo CD.
	ApplicationNamespace string `yaml:"applicationNamespace,omitempty" json:"applicationNamespace,omitempty"`
	// Cluster of the stagings: its address, or its name in Argo CD. Default https://kubernetes.default.svc.
	Destination string `yaml:"destination,omitempty" json:"destination,omitempty"`
	// Whether each sync applies every object, also without a change. Required for a template
	// with Jobs in an early sync wave: otherwise the retry of a failed sync skips the failed Job, and
	// rolls out the version that waits for it. Default false, which is faster.
	ApplyAll bool `yaml:"applyAll,omitempty" json:"applyAll,omitempty"`
	// Directories in envs that Octopod did not write. The ApplicationSet leaves them out, and no staging can have such a name.
	// Argo CD deletes an Application that the ApplicationSet created before, with its objects.
	Exclude []string `yaml:"exclude,omitempty" json:"exclude,omitempty"`
}
