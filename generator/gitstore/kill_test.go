package gitstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// Tests that kill a process run this test binary again as a child. The environment
// holds the role of the child.
const (
	roleEnv = "GITSTORE_TEST_ROLE"
	urlEnv  = "GITSTORE_TEST_URL"
	stepEnv = "GITSTORE_TEST_STEP"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "die at a step":
		os.Exit(childDies())
	case "ci job":
		os.Exit(childJob())
	case "write for ever":
		os.Exit(childWrites())
	case "small files only":
		os.Exit(childIsLimited())
	}
	os.Exit(m.Run())
}

func childStore() (*gitstore.Store, error) {
	return gitstore.Open(context.Background(), gitstore.Options{URL: os.Getenv(urlEnv), Committer: octopod, AllowPlainHTTP: true})
}

// childDies commits and kills itself with SIGKILL at one step.
func childDies() int {
	s, err := childStore()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	s.AtSteps(func(step string) error {
		if step == os.Getenv(stepEnv) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	})
	_, err = s.Change(context.Background(), write("envs/x/staging.yaml", "x"))
	fmt.Println("survived", err)
	return 2
}

// childWrites commits until it is killed. It prints each successful commit to stdout,
// and an error to stderr.
func childWrites() int {
	s, err := childStore()
	for i := 0; err == nil; i++ {
		var r gitstore.Result
		if r, err = s.Change(context.Background(), write("envs/x/staging.yaml", fmt.Sprint(i, os.Getpid()))); err == nil {
			fmt.Println(r.Revision)
		}
	}
	fmt.Fprintln(os.Stderr, err, staging.HintOf(err))
	return 1
}

// childIsLimited commits with a limit on the size of files, so that writes fail as on
// a full disk.
func childIsLimited() int {
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 2000, Max: 2000}); err != nil {
		fmt.Println(err)
		return 1
	}
	s, err := childStore()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	_, err = s.Change(context.Background(), deploy(1, 2))
	fmt.Println(staging.CodeOf(err), err, staging.HintOf(err))
	return 0
}

func child(role, url, step string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), roleEnv+"="+role, urlEnv+"="+url, stepEnv+"="+step)
	return c
}

// killed runs a child that kills itself at a step.
func killed(t *testing.T, repo, step string) {
	t.Helper()
	out, err := child("die at a step", repo, step).CombinedOutput()
	if !wasKilled(err) {
		t.Fatalf("the child was not killed: %v\n%s", err, out)
	}
}

func wasKilled(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signal() == syscall.SIGKILL
}

// TestKilledBetweenSteps: after kill -9 at any step the repository is valid, contains
// the commit or not, and the next writer does not wait.
func TestKilledBetweenSteps(t *testing.T) {
	for _, workTree := range []bool{false, true} {
		steps := []string{"unmarked", "marked", "linked", "locked", "kept", "pack", "stored", "written", "moved"}
		if workTree {
			steps = append(steps, "worktree", "index")
		}
		for _, step := range steps {
			t.Run(fmt.Sprintf("%s/worktree=%v", step, workTree), func(t *testing.T) {
				dir := t.TempDir()
				repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
				if workTree {
					repo = testenv.WorkTree(t, repo, filepath.Join(dir, "work"))
				}
				before := testenv.Git(t, repo, "rev-parse", "main")
				killed(t, repo, step)
				testenv.Fsck(t, repo)
				after := testenv.Git(t, repo, "rev-parse", "main")
				if landed := after != before; landed != (step == "moved") {
					t.Errorf("killed at %s: landed=%v", step, landed)
				}
				s := open(t, gitstore.Options{URL: repo})
				if workTree {
					// Files that were written before the kill count as uncommitted changes.
					if _, err := s.Change(t.Context(), write("envs/x/staging.yaml", "x")); err != nil && staging.CodeOf(err) != staging.CodeBusy {
						t.Error(err)
					}
					testenv.Git(t, repo, "reset", "-q", "--hard")
					testenv.Git(t, repo, "clean", "-qfd")
				}
				change(t, s, write("envs/x/staging.yaml", "again")) // it waits for no lock of the dead, or it would fail
				testenv.Git(t, repo, "-c", "user.name=a", "-c", "user.email=b", "update-ref", "refs/heads/other", "main")
				testenv.Fsck(t, repo)
			})
		}
	}
}

// TestKilledWhileLocking: a lock file appears with its mark or not at all, so the git
// command and the next Octopod continue at once, and no file is left.
func TestKilledWhileLocking(t *testing.T) {
	for _, c := range []struct {
		step   string
		locked bool
		left   int // of the name under which the lock was made ready
	}{
		{"unmarked", false, 1}, // its owner is unknown; it is removed when it is old
		{"marked", false, 0},
		{"linked", true, 0},
	} {
		t.Run(c.step, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 2)
			killed(t, repo, c.step)
			held, err := os.ReadFile(filepath.Join(repo, "refs/heads/main.lock"))
			if locked := err == nil; locked != c.locked || locked && !strings.HasPrefix(string(held), "octopod ") {
				t.Errorf("the lock: %q, %v", held, err)
			}
			s := open(t, gitstore.Options{URL: repo})
			testenv.Git(t, repo, "update-ref", "refs/heads/main", "main")
			change(t, s, write("envs/x/staging.yaml", "again"))
			if left, _ := filepath.Glob(filepath.Join(repo, "octopod-*")); len(left) != c.left {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestDiskWithoutLinks: locks also work on file systems without hard links.
func TestDiskWithoutLinks(t *testing.T) {
	refs := filepath.Join(t.TempDir(), "refs")
	elsewhere := t.TempDir()
	if err := os.Mkdir(refs, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", refs, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("cannot mount: %v", err) // a link across disks fails as any does on a disk without links
	}
	defer func() {
		if err := syscall.Unmount(refs, 0); err != nil {
			t.Error(err)
		}
	}()
	release, err := gitstore.Lock(elsewhere, filepath.Join(refs, "main"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gitstore.Lock(elsewhere, filepath.Join(refs, "main")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the lock was given twice: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	for _, dir := range []string{refs, elsewhere} {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// TestKilledAnywhere: writers are killed at random moments, locally and over HTTP.
// Every commit that was reported as successful is in the branch.
func TestKilledAnywhere(t *testing.T) {
	for _, remote := range []bool{false, true} {
		t.Run(fmt.Sprintf("remote=%v", remote), func(t *testing.T) {
			dir := t.TempDir()
			repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
			url, settle := repo, func() {}
			if remote {
				server := testenv.ServeHTTP(t, dir)
				url, settle = server.URL+"/env.git", server.Close
			}
			var done []string
			for range 12 {
				done = append(done, writeUntilKilled(t, url)...)
			}
			settle() // a push in flight may still land
			there := testenv.Git(t, repo, "rev-list", "main")
			for _, h := range done {
				if !strings.Contains(there, h) {
					t.Errorf("%q was reported done and is not there", h)
				}
			}
			t.Logf("%d commits", len(done))
			testenv.Fsck(t, repo)
		})
	}
}

// writeUntilKilled runs a writer, kills it shortly after its first commit and returns
// the commits that it reported as successful.
func writeUntilKilled(t *testing.T, url string) (done []string) {
	t.Helper()
	c := child("write for ever", url, "")
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if len(done) == 0 {
			time.AfterFunc(time.Duration(rand.IntN(60))*time.Millisecond, func() { _ = c.Process.Kill() })
		}
		done = append(done, lines.Text())
	}
	if err := c.Wait(); !wasKilled(err) {
		t.Fatalf("the writer was not killed, it stopped: %v\n%s", err, &complaint)
	}
	if n := len(done); n > 0 && len(done[n-1]) < 40 {
		done = done[:n-1] // killed in the middle of a line
	}
	return done
}

// TestFullDisk: a commit on a full disk fails without partial writes, and succeeds
// once there is space. The disk is real where the test may mount one, else a limit on
// the size of files.
func TestFullDisk(t *testing.T) {
	t.Run("file size limit", func(t *testing.T) {
		repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 3)
		before := testenv.Git(t, repo, "rev-parse", "main")
		out, err := child("small files only", repo, "").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{"unavailable", "is full", "free some space"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%q does not say %q", out, want)
			}
		}
		checkNothingHalfWritten(t, repo, before)
	})
	t.Run("full file system", func(t *testing.T) {
		disk := t.TempDir()
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
			t.Skipf("cannot mount: %v", err)
		}
		defer func() {
			if err := syscall.Unmount(disk, 0); err != nil {
				t.Error(err)
			}
		}()
		repo := testenv.Bare(t, filepath.Join(disk, "env.git"), 3)
		before := testenv.Git(t, repo, "rev-parse", "main")
		ballast := filepath.Join(disk, "ballast")
		if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o666); err == nil {
			t.Fatal("the disk is not full")
		}
		s, err := gitstore.Open(t.Context(), gitstore.Options{URL: repo, Committer: octopod})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, err = s.Change(t.Context(), deploy(1, 2))
		wantCode(t, err, staging.CodeUnavailable, "is full", "free some space")
		checkNothingHalfWritten(t, repo, before)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		change(t, s, deploy(1, 2))
		testenv.Fsck(t, repo)
	})
}

func checkNothingHalfWritten(t *testing.T, repo, before string) {
	t.Helper()
	if after := testenv.Git(t, repo, "rev-parse", "main"); after != before {
		t.Error("the branch moved")
	}
	for _, pattern := range []string{"objects/pack/tmp_*", "objects/pack/*.keep", "refs/heads/*.lock", "octopod-*.tmp"} {
		if left, _ := filepath.Glob(filepath.Join(repo, pattern)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	testenv.Fsck(t, repo)
}
