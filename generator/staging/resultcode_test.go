package staging_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"octopod/generator/staging"
)

// Only an unclassified expired deadline becomes a timeout.
func TestResultCode(t *testing.T) {
	deadline := fmt.Errorf("reading: %w", context.DeadlineExceeded)
	for _, test := range []struct {
		name string
		err  error
		want staging.Code
	}{
		{"unclassified", errors.New("broken"), staging.CodeInternal},
		{"deadline", deadline, staging.CodeTimeout},
		{"internal because of a deadline", staging.Errorf(staging.CodeInternal, "stopped").Because(deadline), staging.CodeTimeout},
		{"classified deadline", staging.Errorf(staging.CodeUnavailable, "no answer").Because(deadline), staging.CodeUnavailable},
		{"interrupt", context.Canceled, staging.CodeInternal},
	} {
		if got := staging.ResultCode(test.err); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}
