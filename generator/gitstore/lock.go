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

// lockWait is how long to wait for a lock that another process holds. The git
// command waits 100 ms.
const lockWait = 3 * time.Second

// lockMark is the start of a lock file of this package. Git's lock files contain a
// hash or are empty.
const lockMark = "octopod "

// unfinishedLock is the name of a lock file before it is linked to its final name.
const unfinishedLock = "octopod-lock-*.tmp"

// lock is a held lock file: NAME.lock beside NAME. It excludes the git command and
// other Octopod processes. The file also has an advisory lock (flock), which the
// system releases when its process ends: a lock file with lockMark and without
// flock belongs to a killed Octopod and is removed. Lock files of the git command
// are never removed.
type lock struct {
	path string
	file *os.File
}

// acquireLock locks a file and waits up to lockWait for other holders. The lock
// file is prepared in dir, which must be on the same file system.
func acquireLock(ctx context.Context, dir, name string, at testHooks) (*lock, error) {
	path := name + ".lock"
	deadline := time.Now().Add(lockWait)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		l, err := tryLock(dir, path, at)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return l, err
		}
		removeDeadLock(path)
		if time.Now().After(deadline) {
			return nil, lockTimeout(path)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// tryLock creates the lock file without waiting. It also creates a missing parent
// directory: git removes empty directories under refs.
func tryLock(dir, path string, at testHooks) (*lock, error) {
	l, err := linkLock(dir, path, at)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, err
		}
		l, err = linkLock(dir, path, at)
	}
	return l, err
}

// linkLock prepares the lock file under another name and links it to its final
// name. So the file appears with its mark and flock, or not at all, even when the
// process is killed.
func linkLock(dir, path string, at testHooks) (*lock, error) {
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

// createLock creates the lock file in place, for file systems without hard links.
// When the process is killed before the file is marked, a person must remove it.
func createLock(path string, at testHooks) (*lock, error) {
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

// markLock takes the flock of a file and writes the mark. The mark comes last: a
// process that reads it knows that the flock was held.
func markLock(f *os.File, at testHooks) error {
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

// removeDeadLock removes a lock file whose Octopod process has ended. Only the
// process that gets the flock of the file still in place may remove it.
func removeDeadLock(path string) {
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

// removeUnfinishedLocks removes the lock files that killed Octopod processes
// prepared but did not link.
func removeUnfinishedLocks(dir string) {
	for _, name := range glob(dir, unfinishedLock) {
		removeDeadLock(name)
	}
}

// lockTimeout is the error when another process holds a lock for too long.
func lockTimeout(path string) error {
	age := "a moment"
	if info, err := os.Stat(path); err == nil {
		age = time.Since(info.ModTime()).Round(time.Second).String()
	}
	return failf(staging.CodeUnavailable, nil,
		fmt.Sprintf("if no git command is running there, remove it: rm '%s'", path),
		"cannot get the lock %s: another process has held it for %s", path, age)
}

// release removes the lock file.
func (l *lock) release() error {
	return errors.Join(os.Remove(l.path), l.file.Close())
}
