// Package dextest tests the sign-in with dex, a real provider of OpenID Connect,
// over HTTP and with a browser's cookies. It is a separate module, to keep dex's
// dependencies out of Octopod:
//
//	go -C generator/auth/dextest test -mod=mod ./...
//
// dex tags its releases v2 without a matching module path, so go.mod pins a commit.
package dextest
