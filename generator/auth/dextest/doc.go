// Package dextest signs people in with dex, a real provider of OpenID Connect,
// over HTTP and with a browser's cookies. It is a module of its own, so that
// Octopod does not depend on what dex depends on:
//
//	go -C generator/auth/dextest test -mod=mod ./...
//
// dex tags its releases v2 without the module path to go with it, so it is
// pinned by a commit.
package dextest
