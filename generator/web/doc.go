// Package web is the page: stagings for people who never open a terminal. It
// owns HTML, the words that testers read, what a role receives of it, and the
// stream of rows that keeps an open page current.
//
// A page is a typed struct and a template. Everything works without JavaScript:
// forms are posted and answered by a redirect, and every action has a page that
// says what it would do. With JavaScript, htmx replaces single rows and fields as
// they change.
//
// The package decides nothing: what may be done is the use cases' to say, who
// asks is the caller's (Options.Viewer). It keeps nothing but what a Feed keeps, never
// reads the environment, and never signs anybody in.
package web
