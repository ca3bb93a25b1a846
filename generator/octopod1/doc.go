// Package octopod1 reads the stagings of Octopod's first version, as its API
// lists them, and says what they are in an env repo.
//
// It asks no server and changes nothing: JSON and a project go in, actions and
// what cannot be carried over come out.
package octopod1
