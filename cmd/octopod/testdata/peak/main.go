// Command peak runs a command and prints its peak memory, in KiB. The kernel also
// counts the memory of the process before exec, so the caller must be small, which
// a test binary is not.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	command := exec.Command(os.Args[1], os.Args[2:]...)
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
}
