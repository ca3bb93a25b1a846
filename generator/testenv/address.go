package testenv

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
)

// FreeAddress returns an address of this machine on which no server listens, for
// a program that must know its address beforehand. On Linux the address belongs
// to a host of this process alone, so that nobody takes the port in between.
func FreeAddress(t testing.TB) string {
	t.Helper()
	host := "127.0.0.1"
	if pid := os.Getpid(); runtime.GOOS == "linux" { // which has all of 127.0.0.0/8
		host = fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&0x7f, pid>>8&0xff, pid&0xff)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
