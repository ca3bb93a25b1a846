package doctor

import (
	"octopod/generator/billing"
	"octopod/generator/receiver"
)

// Doctor diagnoses an env repo and its Argo CD, and explains why a branch has a
// staging or none. It is safe for use by many goroutines.
type Doctor struct {
	*receiver.Receiver // and the services below it
	// Billing adds up the cost of stagings, for the budgets.
	Billing *billing.Billing
	// Sinks names the notification sinks that this process sends to; nil where it
	// sends nothing.
	Sinks func() []string
	// OfServer reports on the server itself; nil without one.
	OfServer func() []Finding
}

// New returns a Doctor.
func New(r *receiver.Receiver, b *billing.Billing, sinks func() []string) *Doctor {
	return &Doctor{Receiver: r, Billing: b, Sinks: sinks}
}
