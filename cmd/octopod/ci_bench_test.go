package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/generator/testenv"
)

// stockStep is one CI step without Octopod. It uses git and kustomize, and neither
// renders nor checks anything.
const stockStep = `
git clone -q --depth 1 "$URL" clone
cd clone/envs/"$NAME"
kustomize edit set image "backend=$IMAGE"
git add -A .
git commit -q -m "deploy $NAME: $IMAGE"
git push -q`

// BenchmarkGoalH measures one CI step, from process start to push, over HTTP, in an
// env repo of 1,000 stagings. It compares `octopod deploy`, which renders and checks,
// with a script of stock tools. Goal: half of the script's time in memory, a tenth on
// a disk.
func BenchmarkGoalH(b *testing.B) {
	program := filepath.Join(b.TempDir(), "octopod")
	build(b, program, ".")
	if _, err := exec.LookPath("kustomize"); err != nil {
		b.Skip("needs kustomize: `make tools` builds it")
	}
	shm, err := os.MkdirTemp("/dev/shm", "octopod-bench-*")
	if err == nil {
		b.Cleanup(func() { _ = os.RemoveAll(shm) })
		b.Run("tmpfs", func(b *testing.B) { goalH(b, program, shm, 0.5) })
	}
	b.Run("disk", func(b *testing.B) { goalH(b, program, b.TempDir(), 0.1) })
}

func goalH(b *testing.B, program, dir string, goal float64) {
	const stagings = 1000
	root := filepath.Join(dir, "repos")
	repo := largeEnvRepo(b, program, root, stagings)
	server := testenv.ServeHTTP(b, root)
	url := server.URL + "/" + filepath.Base(repo)
	took := map[string][]time.Duration{}
	step := func(way string, run func() *exec.Cmd) {
		command := run()
		began := time.Now()
		if out, err := command.CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", way, err, out)
		}
		took[way] = append(took[way], time.Since(began))
	}
	b.ResetTimer()
	for i := range max(b.N, 5) {
		name, image := fmt.Sprintf("f-%04d", i*37), fmt.Sprintf("registry.example.com/shop/backend:new%d", i)
		work, err := os.MkdirTemp(dir, "job-")
		if err != nil {
			b.Fatal(err)
		}
		step("stock", func() *exec.Cmd {
			c := exec.Command("sh", "-e", "-c", stockStep)
			c.Dir = work
			c.Env = append(testenv.Env(), "URL="+url, "NAME="+name, "IMAGE="+image)
			return c
		})
		step("octopod", func() *exec.Cmd {
			c := exec.Command(program, "deploy", "--branch", "feature/f-"+name[2:], "--service", "backend", "--image", image+"-ours")
			c.Dir = work
			c.Env = []string{"HOME=" + work, "OCTOPOD_ENV_REPO=" + url, "OCTOPOD_ALLOW_PLAIN_HTTP=true", "CI=true", "OCTOPOD_ACTOR=ci"}
			return c
		})
		if err := os.RemoveAll(work); err != nil {
			b.Fatal(err)
		}
	}
	stock, ours := median(took["stock"]), median(took["octopod"])
	b.ReportMetric(float64(stock.Microseconds())/1000, "stock-ms")
	b.ReportMetric(float64(ours.Microseconds())/1000, "octopod-ms")
	b.ReportMetric(ours.Seconds()/stock.Seconds()/goal, "/goal")
	b.ReportMetric(0, "ns/op")
}

// largeEnvRepo creates an env repo of the sample project with n stagings. Octopod deploys
// one; the others are copies of its files under other names.
func largeEnvRepo(b *testing.B, program, root string, n int) string {
	b.Helper()
	repo := filepath.Join(root, "envs.git")
	if err := os.MkdirAll(root, 0o755); err != nil {
		b.Fatal(err)
	}
	testenv.EmptyBare(b, repo)
	octopod := func(args ...string) {
		c := exec.Command(program, append(args, "--quiet")...)
		c.Env = []string{"HOME=" + root, "OCTOPOD_ENV_REPO=" + repo, "OCTOPOD_ACTOR=ci"}
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	octopod("init", "--project", "shop", "--base-domain", "staging.example.com")
	octopod("deploy", "--branch", "feature/f-0000", "--service", "backend", "--image", "registry.example.com/shop/backend:1")
	var in bytes.Buffer
	in.WriteString("commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 10\na thousand\nfrom refs/heads/main^0\n")
	for _, file := range strings.Fields(testenv.Git(b, repo, "ls-tree", "-r", "--name-only", "main", "envs/f-0000")) {
		data := testenv.Git(b, repo, "show", "main:"+file) + "\n"
		for i := 1; i < n; i++ {
			name := fmt.Sprintf("f-%04d", i)
			text := strings.ReplaceAll(data, "f-0000", name)
			fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", strings.ReplaceAll(file, "f-0000", name), len(text), text)
		}
	}
	testenv.GitInput(b, repo, in.Bytes(), "fast-import", "--quiet")
	testenv.Git(b, repo, "repack", "-adq")
	return repo
}
