package testenv

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
)

// FreeAddress returns a free local address, for a program that needs its address
// before it listens. On Linux no other process uses the address's host, so that none
// takes the port in between.
func FreeAddress(t testing.TB) string {
	t.Helper()
	host := "127.0.0.1"
	if pid := os.Getpid(); runtime.GOOS == "linux" { // loopback is all of 127.0.0.0/8
		host = fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&0x7f, pid>>8&0xff, pid&0xff)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
