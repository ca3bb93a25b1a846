package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// gateway takes payments.
type gateway struct {
	name, url, key string
}

// errNoKey reports a gateway that moves money, and has no key.
var errNoKey = errors.New("payments in production need a key: set STRIPE_KEY")

// newGateway returns the gateway of this name. That of the sandbox runs in this
// process on loopback: nothing leaves the pod, and no money moves.
func newGateway(ctx context.Context, name, url, key string) (*gateway, error) {
	switch name = cmp.Or(name, "sandbox"); name {
	case "production":
		return &gateway{name, url, key}, nil
	case "sandbox":
		address, err := serveSandbox(ctx)
		return &gateway{name, address, "sandbox"}, err
	}
	return nil, fmt.Errorf("PAYMENT_GATEWAY is %q: it is sandbox or production", name)
}

// charge is a payment, as the gateways expect it.
type charge struct {
	Customer string `json:"customer"`
	Cents    int    `json:"cents"`
}

func (g *gateway) pay(ctx context.Context, c charge) error {
	if g.key == "" {
		return errNoKey
	}
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/charges", bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+g.key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
		return fmt.Errorf("the payment gateway answers %s: %s", answer.Status, text)
	}
	return nil
}

// serveSandbox serves a gateway that accepts every charge, until the context ends.
func serveSandbox(ctx context.Context) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /charges", func(w http.ResponseWriter, r *http.Request) {
		var c charge
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil || c.Cents <= 0 {
			http.Error(w, "a charge has a customer and cents", http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // it ends with the context
	return "http://" + listener.Addr().String(), nil
}
