// Command worker is a sandbox process and nothing else.
package main

import (
	"os"

	"octopod/generator/render"
)

func main() {
	if render.ServeWorker(os.Stdin, os.Stdout) != nil {
		os.Exit(1)
	}
}
