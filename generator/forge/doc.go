// Package forge lists the branches and pull requests of the application's
// repositories, with the right token for each host and within its rate limit.
//
// It never comments or sets a status: package notify/review does that.
package forge
