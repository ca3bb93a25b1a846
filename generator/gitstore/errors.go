package gitstore

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"octopod/generator/staging"
)

// errNoObject says that an object is not in a repository. It never leaves the
// package as it is: whoever asked knows the path or the revision to name.
var errNoObject = errors.New("object not found")

// errMoved says that the branch is not where the writer expected it.
var errMoved = errors.New("the branch has moved")

// missing is errNoObject with the object's name.
func missing(h Hash) error { return fmt.Errorf("%s: %w", h, errNoObject) }

// failf makes an error that people see.
func failf(code staging.Code, cause error, hint, format string, args ...any) error {
	return &staging.Error{Code: code, Message: fmt.Sprintf(format, args...), Hint: hint, Err: cause}
}

// classified tells whether an error already says what it is.
func classified(err error) bool {
	var e *staging.Error
	return errors.As(err, &e)
}

// diskError explains a failed write to a local repository.
func diskError(err error, dir string) error {
	switch {
	case err == nil || classified(err):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return failf(staging.CodeUnavailable, err, "free some space and run the command again; nothing was changed",
			"the disk that holds %s is full", dir)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return failf(staging.CodeForbidden, err, "check who owns the repository and how it is mounted",
			"the repository %s cannot be written", dir)
	}
	return fmt.Errorf("write to %s: %w", dir, err)
}
