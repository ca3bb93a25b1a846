// Package change turns a request into a commit: plan on the tip of the env repo,
// generate, render, check, push. Every verb that writes uses it, as do rollback,
// regenerate, import and lint --fix.
//
// Only this package and package setup write. It never queries Argo CD.
package change
