// Command pause waits. A pod's network belongs to the container that runs it, and
// lasts as long.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	done, child := make(chan os.Signal, 1), make(chan os.Signal, 8)
	signal.Notify(done, syscall.SIGINT, syscall.SIGTERM)
	signal.Notify(child, syscall.SIGCHLD)
	for {
		select {
		case <-done:
			return
		case <-child: // an orphan of a pod that shares its processes
			for {
				if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
					break
				}
			}
		}
	}
}
