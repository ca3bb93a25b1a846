// Package e2e holds the end-to-end tests. They drive the octopod program as
// people and CI do, with a real git server, a real Kubernetes API and a real
// Argo CD (see examples/cluster), and check what came of it in the cluster
// itself, not only through Octopod:
//
//	make e2e
//	go test -tags cluster ./examples/cluster/e2e -run TestE2EArchive
//
// The tests start a cluster of their own and end it. OCTOPOD_CLUSTER names the
// folder of one that runs (`cluster up --forge --projects 'e2e-*'`), which saves
// the start.
//
// The package has tests only. Nothing in them waits for a time to pass: they
// wait for a state, with a deadline, and say what the state was instead.
package e2e
