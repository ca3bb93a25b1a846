// Package testenv provides tests with real git servers and repositories: smart HTTP
// through `git http-backend`, SSH in process, and the git command. It does not fake
// the protocol: tests inject faults (a lost reply, a server that hangs) between the
// client and the real server. Eventually is the way to wait in tests. Only _test files
// import this package.
package testenv
