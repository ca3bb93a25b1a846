package render

// Annotations that Argo CD reads.
const (
	syncWave    = "argocd.argoproj.io/sync-wave"
	syncOptions = "argocd.argoproj.io/sync-options"
	argoHook    = "argocd.argoproj.io/hook"
	helmHook    = "helm.sh/hook"
)

// factsName is the name of the ConfigMap with the facts about a staging.
const factsName = "octopod"
