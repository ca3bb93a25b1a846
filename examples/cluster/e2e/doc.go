// Package e2e holds the end-to-end tests. They run the octopod program like
// users and CI, with a real git server, a real Kubernetes API and a real Argo
// CD (see examples/cluster), and check the result in the cluster itself, not
// only through Octopod:
//
//	make e2e
//	go test -tags cluster ./examples/cluster/e2e -run TestE2EArchive
//
// The tests start and stop their own cluster. To use a running cluster
// (`cluster up --forge --projects 'e2e-*'`), set OCTOPOD_CLUSTER to its folder.
//
// The package has tests only. They never sleep for a fixed time: they wait for
// a state, with a deadline, and report the actual state on failure.
package e2e
