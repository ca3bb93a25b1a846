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

// unfinishedLock is what a lock file is called until it is ready.
const unfinishedLock = "octopod-lock-*.tmp"

// lock is a held lock file: NAME.lock beside NAME. It keeps the git command and
// other Octopods out. The file also carries an advisory lock of the system,
// which ends with the process that holds it: that is the proof by which the
// lock of a killed Octopod is told from a living one and taken over. A lock
// file of the git command is never taken over.
type lock struct {
	path string
	file *os.File
}

// acquire takes the lock of a file, waiting a little for others. The lock file
// is made ready in dir, which must lie on the same disk.
func acquire(ctx context.Context, dir, name string, at steps) (*lock, error) {
	path := name + ".lock"
	deadline := time.Now().Add(lockWait)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		l, err := tryLock(dir, path, at)
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

// tryLock makes the lock file, and the directory it belongs in when that has
// gone: git removes empty directories under refs.
func tryLock(dir, path string, at steps) (*lock, error) {
	l, err := linkLock(dir, path, at)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, err
		}
		l, err = linkLock(dir, path, at)
	}
	return l, err
}

// linkLock makes the lock file ready under another name and links it to its
// own. So it appears with its mark and the system's lock, or not at all, however
// the process ends.
func linkLock(dir, path string, at steps) (*lock, error) {
	f, err := os.CreateTemp(dir, unfinishedLock)
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	if err := markLock(f, at); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	err = os.Link(f.Name(), path)
	if err == nil {
		l := &lock{path, f}
		if err := at.at("linked"); err != nil {
			return nil, errors.Join(err, l.release())
		}
		return l, nil
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return createLock(path, at)
}

// createLock makes the lock file in place, for a disk on which files have one
// name only. When the process is killed before the file is marked, a person
// must remove it.
func createLock(path string, at steps) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	l := &lock{path, f}
	if err := markLock(f, at); err != nil {
		return nil, errors.Join(err, l.release())
	}
	return l, nil
}

// markLock makes a file into a lock file. The mark comes last: who reads it
// knows that the system's lock was held.
func markLock(f *os.File, at steps) error {
	if err := at.at("unmarked"); err != nil {
		return err
	}
	if err := flock(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	host, _ := os.Hostname()
	if _, err := fmt.Fprintf(f, "%s%s %d\n", lockMark, host, os.Getpid()); err != nil {
		return err
	}
	return at.at("marked")
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

// takeOverUnfinished removes the lock files that dead Octopods were about to
// link.
func takeOverUnfinished(dir string) {
	for _, name := range glob(dir, unfinishedLock) {
		takeOver(name)
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
