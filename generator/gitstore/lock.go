package gitstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"octopod/generator/staging"
)

// lockWait is how long a lock that somebody else holds is waited for. The git
// command waits a tenth of a second.
const lockWait = 3 * time.Second

// lockMark begins a lock file that this package made. Git's lock files hold a
// hash or nothing.
const lockMark = "octopod "

// lock is a held lock file: NAME.lock beside NAME, made with O_EXCL. It keeps
// the git command and other Octopods out. The file also carries an advisory
// lock of the system, which ends with the process that holds it: that is the
// proof by which the lock of a killed Octopod is told from a living one and
// taken over. A lock file of the git command is never taken over.
type lock struct {
	path string
	file *os.File
}

// acquire takes the lock of a file, waiting a little for others.
func acquire(ctx context.Context, name string) (*lock, error) {
	path := name + ".lock"
	deadline := time.Now().Add(lockWait)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		l, err := tryLock(path)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return l, err
		}
		takeOver(path)
		if time.Now().After(deadline) {
			return nil, stale(path)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func tryLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if errors.Is(err, fs.ErrNotExist) { // git removes empty directories under refs
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	}
	if err != nil {
		return nil, err
	}
	l := &lock{path, f}
	if err := flock(f); err != nil {
		return nil, errors.Join(err, l.release())
	}
	host, _ := os.Hostname()
	if _, err := fmt.Fprintf(f, "%s%s %d\n", lockMark, host, os.Getpid()); err != nil {
		return nil, errors.Join(err, l.release())
	}
	return l, nil
}

// takeOver removes a lock file whose Octopod is dead. Who holds the system's
// lock on the very file that is still in place is the only one that may.
func takeOver(path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	head := make([]byte, 300)
	n, _ := f.Read(head)
	host, _ := os.Hostname()
	if !strings.HasPrefix(string(head[:n]), lockMark+host+" ") || flock(f) != nil {
		return
	}
	mine, err1 := f.Stat()
	there, err2 := os.Stat(path)
	if err1 == nil && err2 == nil && os.SameFile(mine, there) {
		_ = os.Remove(path)
	}
}

func stale(path string) error {
	age := "a moment"
	if info, err := os.Stat(path); err == nil {
		age = time.Since(info.ModTime()).Round(time.Second).String()
	}
	return failf(staging.CodeUnavailable, nil,
		fmt.Sprintf("if no git command is running there, remove it: rm '%s'", path),
		"the lock %s has been there for %s", path, age)
}

// release gives the lock back.
func (l *lock) release() error {
	return errors.Join(os.Remove(l.path), l.file.Close())
}
