// Package httpapi is the door for programs: /api/v1 over HTTP, and the Go client
// for it. New gives the handler; Client offers what the command line asks for,
// so that every verb works through a server as it does on an env repo.
//
// The shapes are those of `octopod … -o json`. Errors are problems (RFC 9457)
// that carry Octopod's code, hint and single faults, from which the client makes
// the same error again. /api/v1/openapi.json describes all of it.
//
// The package knows requests, answers and streams. It never decides who somebody
// is or what they may do: it is handed a generator.Access for every request.
package httpapi
