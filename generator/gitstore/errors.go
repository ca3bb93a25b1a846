package gitstore

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"octopod/generator/staging"
)

// errNoObject is the error of an object that the repository does not have. Callers
// add the path or revision before it leaves the package.
var errNoObject = errors.New("object not found")

// errMoved is the error of a push whose expected old commit is not the branch's.
var errMoved = errors.New("the branch has moved")

// errTurn is the cause of a wait for writers that have waited longer.
var errTurn = errors.New("other changes wait for longer and are pushed first")

// errClosed is the error of a Change on a closed store.
var errClosed = errors.New("the store is closed")

// rejection is the cause of an error when the server understood the push and
// rejected it.
type rejection struct{ message string }

func (r *rejection) Error() string { return r.message }

// isRejected reports whether the server rejected the push, as opposed to a push
// whose outcome is unknown.
func isRejected(err error) bool {
	var r *rejection
	return errors.As(err, &r)
}

// missing returns errNoObject with the object's hash.
func missing(h Hash) error { return fmt.Errorf("%s: %w", h, errNoObject) }

// failf returns an error for users: what failed, and a hint what to do.
func failf(code staging.Code, cause error, hint, format string, args ...any) *staging.Error {
	return &staging.Error{Code: code, Message: fmt.Sprintf(format, args...), Hint: hint, Err: cause}
}

// isExplained reports whether an error already has a code and a message for users.
func isExplained(err error) bool {
	var e *staging.Error
	return errors.As(err, &e)
}

// diskError explains why a write to a local repository failed.
func diskError(err error, dir string) error {
	switch {
	case err == nil || isExplained(err):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return failf(staging.CodeUnavailable, err, "free some space and run the command again; nothing was changed",
			"the disk of %s is full", dir)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return failf(staging.CodeForbidden, err, "check who owns the repository and how it is mounted",
			"cannot write to the repository %s", dir)
	}
	return fmt.Errorf("write to %s: %w", dir, err)
}

// missingBranch returns the error of a missing branch, nil when the repository
// has no branches.
func missingBranch(ref, url string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	shown := names[:min(len(names), 10)]
	list := strings.Join(shown, ", ")
	if len(names) > len(shown) {
		list += fmt.Sprintf(" and %d more", len(names)-len(shown))
	}
	return failf(staging.CodeNotFound, nil, "", "%s has no branch %s; it has %s", url, strings.TrimPrefix(ref, "refs/heads/"), list).
		WithTechnicalHint("name one of them with --ref, or push the branch first")
}
