// Package billing adds up what stagings cost, from the history of the env repo: each
// distinct content of a staging is rendered and priced once. It writes nothing, and never
// asks Argo CD.
package billing
