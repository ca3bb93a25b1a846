// Package change turns a request into a commit: plan on the tip of the env repo,
// generate, render, check, push. Every writing verb takes this way, and so do
// rollback, regenerate, import and lint --fix.
//
// It is the only room, beside setup, that writes. It never asks Argo CD.
package change
