package gitstore

import (
	"context"
	"net"
	"time"
)

// idleConn is a connection that fails when the server sends or accepts nothing for
// idle. It ends requests to a server that hangs, but not to one that is slow.
type idleConn struct {
	net.Conn
	idle time.Duration
}

func (c idleConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c idleConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// dialer returns a dial function whose connections are idleConns.
func dialer(idle time.Duration) func(context.Context, string, string) (net.Conn, error) {
	d := net.Dialer{Timeout: idle}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return idleConn{c, idle}, nil
	}
}
