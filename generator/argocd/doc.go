// Package argocd is Octopod's only contact with Argo CD.
//
// Manifests writes the two objects that make Argo CD deploy a project: an
// ApplicationSet, which turns every staging of the env repo into an
// Application, and an AppProject, which says what these may touch. It is pure.
//
// Connect gives a Client: it lists and watches the Applications of a project,
// asks Argo CD to look at once after a push, and tells which pods do not work.
// It needs an account of Argo CD with three permissions (see Policy), and no
// rights in Kubernetes.
//
// What comes out are the types of package staging. Those of Argo CD stay here,
// and so does its client: its constructors may end the process, so this
// package dials by itself and uses only the generated services.
package argocd
