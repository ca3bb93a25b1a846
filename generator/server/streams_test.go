package server

import (
	"fmt"
	"testing"

	"octopod/generator/auth"
	"octopod/generator/staging"
)

// One identity and one address hold a part of the event streams. A place that is given
// back is free again, of both.
func TestStreamsOfOneIdentityAndOneAddress(t *testing.T) {
	p := newStreamPlaces()
	token := auth.Identity{Method: auth.MethodToken, Subject: "nightly"}
	var held []func()
	for i := range maxStreamsOfIdentity {
		leave, err := p.take(token, fmt.Sprint("10.0.0.", i), false)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, leave)
	}
	if _, err := p.take(token, "10.0.0.200", false); staging.CodeOf(err) != staging.CodeUnavailable {
		t.Errorf("one more stream of the token: %v", err)
	}
	if n := p.addresses.Keys(); n != maxStreamsOfIdentity {
		t.Errorf("a refused stream keeps its address: %d", n)
	}
	for i := range maxStreamsOfAddress {
		if _, err := p.take(auth.Identity{Method: auth.MethodSession, Subject: fmt.Sprint(i)}, "192.0.2.1", false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.take(auth.Identity{Method: auth.MethodSession, Subject: "x"}, "192.0.2.1", false); err == nil {
		t.Error("one more stream of the address")
	}
	if _, err := p.take(auth.Identity{Method: auth.MethodNone}, "127.0.0.1", true); err != nil {
		t.Errorf("a stream on this machine: %v", err)
	}
	for _, leave := range held {
		leave()
	}
	if p.identities.Keys() != maxStreamsOfAddress {
		t.Errorf("%d identities hold streams", p.identities.Keys())
	}
}
