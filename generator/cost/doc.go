// Package cost computes what stagings cost: from rendered objects to what they request,
// from requests to a price, and from a staging's history to sums by staging, author,
// team and week. Pure: it has no clock and reads nothing.
//
// Requests are what a cluster reserves, so the sums are exact for what stagings ask for.
// The overhead of the price table is for the rest of the bill: idle nodes, the system.
package cost
