// Package receiver processes webhooks: it queues their events in order, selects the
// action of each by rules, retries events that must wait, and reconciles with the
// repositories to find lost webhooks.
//
// It does not read HTTP: package branch parses deliveries and verifies signatures.
package receiver
