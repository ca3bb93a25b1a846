//go:build cluster

package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"os"
	"sync"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

// gate is the network between Argo CD and a destination cluster, which a test can cut. The
// cluster behind it is that of all cases, under another address: for Argo CD it is another one.
type gate struct {
	t        testing.TB
	listener net.Listener
	target   string

	mu    sync.Mutex
	state string // "" passes everything, "hangs" passes nothing, "is down" ends every connection
	moved *sync.Cond
	conns map[net.Conn]bool
}

// farCluster adds a cluster of this name to Argo CD until the test ends.
func farCluster(t testing.TB, name string) *gate {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", world.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, target: config.Host[len("https://"):], conns: map[net.Conn]bool{}}
	g.moved = sync.NewCond(&g.mu)
	if g.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	go g.serve()
	authority, err := os.ReadFile(config.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	secret := clusterSecret(name, "https://"+g.listener.Addr().String(), config.BearerToken, authority)
	s := &shop{t: t}
	const path = "/api/v1/namespaces/argocd/secrets/"
	s.apply(path+name, secret)
	t.Cleanup(func() {
		s.delete(path + name)
		_ = g.listener.Close()
		g.set("is down")
	})
	return g
}

// clusterSecret is a cluster as Argo CD stores it.
func clusterSecret(name, server, token string, authority []byte) []byte {
	config, _ := json.Marshal(map[string]any{
		"bearerToken": token, "tlsClientConfig": map[string]any{"caData": base64.StdEncoding.EncodeToString(authority), "serverName": "localhost"},
	})
	secret, _ := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata":   map[string]any{"name": name, "labels": map[string]string{"argocd.argoproj.io/secret-type": "cluster"}},
		"stringData": map[string]string{"name": name, "server": server, "config": string(config)},
	})
	return secret
}

// set changes what happens to every connection, present and new.
func (g *gate) set(state string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state = state
	if state == "is down" {
		for conn := range g.conns {
			_ = conn.Close()
		}
	}
	g.moved.Broadcast()
}

func (g *gate) serve() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return // closed
		}
		go g.join(conn)
	}
}

// join passes bytes between a connection and the cluster.
func (g *gate) join(near net.Conn) {
	defer near.Close()
	if g.passes() != "" {
		return
	}
	far, err := net.Dial("tcp", g.target)
	if err != nil {
		return
	}
	defer far.Close()
	if !g.keep(near, far) {
		return
	}
	defer g.forget(near, far)
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() { g.pump(way[0], way[1]); ended <- struct{}{} }()
	}
	<-ended
}

func (g *gate) pump(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || g.passes() != "" {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// passes waits while the cluster hangs, and returns the state.
func (g *gate) passes() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.state == "hangs" {
		g.moved.Wait()
	}
	return g.state
}

func (g *gate) keep(conns ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range conns {
		g.conns[conn] = true
	}
	return g.state != "is down"
}

func (g *gate) forget(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range conns {
		delete(g.conns, conn)
	}
}
