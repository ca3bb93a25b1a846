package server

import (
	"net/http"

	"octopod/generator/auth"
	"octopod/generator/bounded"
	"octopod/generator/staging"
)

// Limits of open event streams. A project has 1000 places, so one token or one address
// never takes all of them.
const (
	maxStreamsOfIdentity = 100
	maxStreamsOfAddress  = 500 // one address may be a whole office
)

// streamPlaces limits the open event streams of each identity and of each address.
type streamPlaces struct{ identities, addresses *bounded.Places }

func newStreamPlaces() streamPlaces {
	return streamPlaces{bounded.NewPlaces(maxStreamsOfIdentity), bounded.NewPlaces(maxStreamsOfAddress)}
}

// take takes a place for one stream, until leave is called. Programs on this machine
// have no address of their own, and without sign-in nobody has an identity.
func (p streamPlaces) take(identity auth.Identity, address string, local bool) (leave func(), err error) {
	leave = func() {}
	if !local {
		place, ok := p.addresses.Take(address)
		if !ok {
			return nil, noStream("this address", maxStreamsOfAddress)
		}
		leave = place
	}
	if identity.Method == auth.MethodNone {
		return leave, nil
	}
	place, ok := p.identities.Take(string(identity.Method) + " " + identity.Subject)
	if !ok {
		leave()
		return nil, noStream("this person or token", maxStreamsOfIdentity)
	}
	ofAddress := leave
	return func() { place(); ofAddress() }, nil
}

func noStream(of string, limit int) error {
	return staging.Errorf(staging.CodeUnavailable, "%d event streams of %s are open, and there is no place for more", limit, of).
		WithHint("close a page or a watch; lists can be read meanwhile")
}

// limitStreams refuses an event stream beyond the limits.
func (r *Server) limitStreams(g *gate, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !isStream(req) {
			next.ServeHTTP(w, req)
			return
		}
		address, local := g.Address(req)
		leave, err := r.streams.take(auth.From(req.Context()), address, local)
		if err != nil {
			g.Refuse(w, req, err)
			return
		}
		defer leave()
		next.ServeHTTP(w, req)
	})
}
