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

// maxResponse bounds one answer. A manifest is a few kilobytes; registries take
// none beyond 4 MiB.
const maxResponse = 8 << 20

var (
	errPlainHTTP = errors.New("it answers without TLS")
	errBlocked   = errors.New("no registry is asked there")
)

// guard keeps requests from going out in the clear and to where no registry leads,
// wherever the one that is asked sends them (for its tokens, by a redirect), and
// answers from filling the memory.
type guardedTransport struct {
	*transports
	registry string // the host that is asked
}

// ways are how requests leave. They are kept, for their connections are used again.
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

// way reaches every address but closed ones. It is the address that is looked at,
// at the very moment it is dialled, and no name, which may mean another tomorrow.
// Behind a proxy the addresses are the proxy's to judge.
func newTransport(closed func(netip.Addr) bool) http.RoundTripper {
	open, ok := remote.DefaultTransport.(*http.Transport)
	if !ok {
		panic("the registry client's transport is of another kind")
	}
	guarded := open.Clone()
	guarded.Proxy = nil
	guarded.DialContext = (&net.Dialer{
		Timeout: 10 * time.Second, KeepAlive: 30 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error { return checkAddress(address, closed) },
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

func checkAddress(address string, closed func(netip.Addr) bool) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", errBlocked, address)
	}
	if ip := to.Addr().Unmap().WithZone(""); closed(ip) {
		return fmt.Errorf("%w: %s", errBlocked, ip)
	}
	return nil
}

// metadataServices are where clouds hand out the credentials of their machines, besides
// the link-local addresses: AWS, Alibaba, Azure.
var metadataServices = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("168.63.129.16"),
}

// isBlocked tells of addresses where no registry is, whoever names them.
func isBlocked(ip netip.Addr) bool {
	return ip.IsLinkLocalUnicast() || ip.IsMulticast() || slices.Contains(metadataServices, ip)
}

// isBlockedElsewhere tells of addresses that no registry leads to, besides: this machine.
// Private networks are open, as a company's registry signs in at a host beside it.
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
