package registry

import (
	"errors"
	"net"
	"net/http"
)

// mostRead bounds one answer. A manifest is a few kilobytes; registries take
// none beyond 4 MiB.
const mostRead = 8 << 20

var errPlainHTTP = errors.New("it answers without TLS")

// guard keeps requests from going out in the clear, wherever a registry sends
// them for its tokens, and answers from filling the memory.
type guard struct {
	next      http.RoundTripper
	plainHTTP bool
}

func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !g.plainHTTP && !loopback(r.URL.Hostname()) {
		return nil, errPlainHTTP
	}
	answer, err := g.next.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, mostRead)
	}
	return answer, err
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
