package argocd_test

import (
	"net"
	"sync"
	"testing"
)

// door is an address for consecutive servers. It keeps the port open between two
// servers and closes connections then.
type door struct {
	net.Listener
	mu   sync.Mutex
	room *room // of the latest server
}

// room is the listener of one server behind a door.
type room struct {
	net.Listener
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newDoor(t testing.TB) *door {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{Listener: listener}
	var work sync.WaitGroup
	work.Go(d.open)
	t.Cleanup(func() {
		_ = listener.Close()
		work.Wait()
	})
	return d
}

// enter returns the listener for the next server.
func (d *door) enter() net.Listener {
	r := &room{Listener: d.Listener, conns: make(chan net.Conn), done: make(chan struct{})}
	r.close = sync.OnceFunc(func() { close(r.done) })
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = r
	return r
}

func (d *door) open() {
	for {
		conn, err := d.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		r := d.room
		d.mu.Unlock()
		select {
		case r.conns <- conn:
		case <-r.done:
			_ = conn.Close()
		}
	}
}

func (r *room) Accept() (net.Conn, error) {
	select {
	case conn := <-r.conns:
		return conn, nil
	case <-r.done:
		return nil, net.ErrClosed
	}
}

func (r *room) Close() error {
	r.close()
	return nil
}
