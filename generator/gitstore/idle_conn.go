package gitstore

import (
	"context"
	"net"
	"time"
)

// idleConn is a connection that fails when the other side is silent for too
// long. It is what ends a remote that hangs, while a slow but living one may
// take its time.
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

// dialer connects with such connections.
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
