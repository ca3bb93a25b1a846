// Package argocd connects Octopod to Argo CD. No other package does.
//
// Manifests returns the two objects that make Argo CD deploy a project: an
// ApplicationSet, which creates an Application for every staging of the env repo,
// and an AppProject, which restricts these Applications. It is pure.
//
// Connect returns a Client, which lists and watches the Applications of a project,
// refreshes them after a push, and lists their pods. The client needs an account in
// Argo CD with four permissions (see Policy), and no permissions in Kubernetes.
//
// The package returns the types of package staging; the types of Argo CD stay in
// here. The constructors of Argo CD's own client may exit the process, so this
// package dials the server and uses only the generated services.
package argocd
