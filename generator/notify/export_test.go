package notify

import "crypto/x509"

// Trusting is mail whose server's certificate is signed by one of these.
func (m Mail) Trusting(roots *x509.CertPool) Mail {
	m.roots = roots
	return m
}
