// Package web serves the web UI: stagings for people who never open a terminal.
// It holds the HTML, the words for testers, the redaction of each page by role,
// and the event stream that updates an open page.
//
// A page is a typed struct and a template. Everything works without JavaScript:
// forms are posted and answered with a redirect, and every action has a
// confirmation page. With JavaScript, htmx replaces single rows and fields as
// they change.
//
// The package makes no decisions: the use cases authorize, and the caller
// identifies the viewer (Options.Viewer). It caches octopod.yaml and rows, stores
// nothing, never reads the environment, and never signs anyone in.
//
// Read routes.go first: it names every page. Each page has a file; all of them
// build on a request (request.go), a row (row.go) and the words for testers
// (labels.go).
package web
