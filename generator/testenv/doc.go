// Package testenv gives tests real git servers and repositories: smart HTTP
// through `git http-backend`, SSH in process, and the git command to compare
// with. Nothing here is a fake of the protocol; what a test wants to go wrong
// (a lost reply, a server that hangs) is done between the client and the real
// server. It has the one way of tests to wait, too. Only _test files import it.
package testenv
