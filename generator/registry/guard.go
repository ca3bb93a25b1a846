package registry

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// maxResponse limits the size of a response. A manifest has a few kilobytes; registries
// accept at most 4 MiB.
const maxResponse = 8 << 20

var (
	errPlainHTTP = errors.New("it responds without TLS")
	errBlocked   = errors.New("the address is blocked")
)

// guardedTransport blocks requests without TLS and requests to addresses that are no
// registry, also after a redirect or to a token server, and limits the size of
// responses.
type guardedTransport struct {
	*transports
	registry string // the host of the registry
}

// transports holds the transports of a client, which reuse connections.
type transports struct {
	toRegistry, elsewhere http.RoundTripper
	plainHTTP             bool
}

func newTransports(plainHTTP bool) *transports {
	return &transports{toRegistry: newTransport(isBlocked), elsewhere: newTransport(isBlockedElsewhere), plainHTTP: plainHTTP}
}

func (g guardedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !g.plainHTTP && !isLoopback(r.URL.Hostname()) {
		return nil, errPlainHTTP
	}
	next := g.elsewhere
	if r.URL.Host == g.registry || isLoopback(hostname(g.registry)) {
		next = g.toRegistry
	}
	answer, err := next.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxResponse)
	}
	return answer, err
}

// newTransport returns a transport that dials no blocked address. It checks the dialed
// address, because the address of a name may change between a check and the dial.
// Behind a proxy, the proxy must check addresses.
func newTransport(blocked func(netip.Addr) bool) http.RoundTripper {
	open, ok := remote.DefaultTransport.(*http.Transport)
	if !ok {
		panic("the transport of the registry client is not an *http.Transport")
	}
	guarded := open.Clone()
	guarded.Proxy = nil
	guarded.DialContext = (&net.Dialer{
		Timeout: 10 * time.Second, KeepAlive: 30 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error { return checkAddress(address, blocked) },
	}).DialContext
	return byProxy{proxied: open, direct: guarded}
}

type byProxy struct{ proxied, direct *http.Transport }

func (b byProxy) RoundTrip(r *http.Request) (*http.Response, error) {
	if proxy, err := b.proxied.Proxy(r); err != nil || proxy != nil {
		return b.proxied.RoundTrip(r)
	}
	return b.direct.RoundTrip(r)
}

func checkAddress(address string, blocked func(netip.Addr) bool) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", errBlocked, address)
	}
	if ip := to.Addr().Unmap().WithZone(""); blocked(ip) {
		return fmt.Errorf("%w: %s", errBlocked, ip)
	}
	return nil
}

// metadataServices are the addresses at which clouds serve credentials to machines, in
// addition to link-local addresses: AWS, Alibaba, Azure.
var metadataServices = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("168.63.129.16"),
}

// isBlocked reports whether an address is never a registry.
func isBlocked(ip netip.Addr) bool {
	return ip.IsLinkLocalUnicast() || ip.IsMulticast() || slices.Contains(metadataServices, ip)
}

// isBlockedElsewhere reports whether a registry must not refer to an address: it also
// blocks this machine. Private networks are allowed, because the token server of a
// company's registry may be there.
func isBlockedElsewhere(ip netip.Addr) bool {
	return isBlocked(ip) || ip.IsLoopback() || ip.IsUnspecified()
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
