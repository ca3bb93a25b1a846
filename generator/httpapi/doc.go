// Package httpapi implements the HTTP API, /api/v1, and its Go client. New returns
// the handler. Client has the methods that the command line needs, so every verb
// works through a server as it does on an env repo.
//
// Requests and responses have the format of `octopod … -o json`. Errors are
// problems (RFC 9457) with Octopod's code, hint and single faults; the client
// decodes them into the same errors. /api/v1/openapi.json describes the API.
//
// The package handles requests, responses and streams. It does not authenticate or
// authorize: it gets a generator.Access for every request.
package httpapi
