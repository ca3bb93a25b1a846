package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// shellBlock matches a block of commands in Markdown, also in a list.
var shellBlock = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$")

// Every command of docs/migrate.md is valid. The scripts import, init_own_base and deploy
// test the effects of these commands.
func TestCommandsOfTheMigrationGuides(t *testing.T) {
	text, err := os.ReadFile("../../docs/migrate.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "octopod ") {
				continue
			}
			commands++
			t.Run(line, func(t *testing.T) { checkCommand(t, shellWords(t, line)[1:]) })
		}
	}
	if commands < 6 {
		t.Errorf("only %d commands were found", commands)
	}
}
