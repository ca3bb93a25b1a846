// Package helm renders Helm charts without the helm command, the network or a cluster.
//
// Render is pure: the files of a chart and its values go in, Kubernetes objects come out.
// It renders each chart several times, with different clocks, and rejects a chart whose
// objects differ: every deploy would change them. Hooks become sync waves, because Argo CD
// would run them before the objects that they need.
//
// No other package imports Helm. Its packages action and registry are not used: they need a
// cluster and the network.
package helm
