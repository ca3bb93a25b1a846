// Package forge lists the branches and pull requests of the application's
// repositories, with the right token for each host and with respect for a host
// that limits how often it is asked.
//
// It never comments or sets a status: package notify/review does that.
package forge
