package notify

import "crypto/x509"

// Trusting returns m with its own root certificates.
func (m Mail) Trusting(roots *x509.CertPool) Mail {
	m.roots = roots
	return m
}
