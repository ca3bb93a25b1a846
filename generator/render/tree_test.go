package render

import (
	"testing"
	"testing/fstest"
)

// What one render may read is bounded; reading a file again costs nothing.
func TestAFileCountsOnce(t *testing.T) {
	v := newView(newSnapshot(fstest.MapFS{}), "x", nil)
	for range 3 {
		if err := v.countSize("templates/a.yaml", maxTotalSize-1); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.countSize("templates/b.yaml", 2); err == nil || v.violation == nil {
		t.Errorf("more than the limit was read: %v", err)
	}
}
