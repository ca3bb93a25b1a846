// Package octopod1 converts the stagings of Octopod 1, as listed by its API, to actions
// that create them in an env repo.
//
// It is pure: JSON and a project in, actions and unmapped settings out.
package octopod1
