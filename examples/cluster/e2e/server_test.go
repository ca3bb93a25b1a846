//go:build cluster

package e2e_test

import (
	"bufio"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"

	"octopod/generator/testenv"
)

// servesAt matches the address in the first line of a server's output.
var servesAt = regexp.MustCompile(`Octopod serves (\S+)`)

// serve runs `octopod serve` for the shop until the test ends. It returns the
// address when the server is ready.
func (s *shop) serve(options ...string) (url string) {
	s.t.Helper()
	cmd := exec.Command(world.octopod, append([]string{"serve", "--listen", "127.0.0.1:0", "--allow-plain-http"}, options...)...)
	cmd.Env = s.env
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	var log []string
	for url == "" && lines.Scan() {
		log = append(log, lines.Text())
		if found := servesAt.FindStringSubmatch(lines.Text()); found != nil {
			url = found[1]
		}
	}
	ended := make(chan struct{})
	go func() { // keeps reading, so that the server never blocks on its output
		defer close(ended)
		for lines.Scan() {
			log = append(log, lines.Text())
		}
	}()
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if err := cmd.Wait(); err != nil || s.t.Failed() {
			s.t.Errorf("the server ended (%v) and had said:\n%s", err, strings.Join(log, "\n"))
		}
	})
	if url == "" {
		s.t.Fatal("the server does not start")
	}
	testenv.Eventually(s.t, "the server is ready", func() (string, bool) {
		answer, err := http.Get(url + "/readyz")
		if err != nil {
			return err.Error(), false
		}
		defer answer.Body.Close()
		return answer.Status, answer.StatusCode == http.StatusOK
	})
	return url
}
