package render

import (
	"testing"
	"testing/fstest"
)

// What one render may read is bounded; reading a file again costs nothing.
func TestAFileCountsOnce(t *testing.T) {
	v := newView(newSnapshot(fstest.MapFS{}), "x", nil)
	for range 3 {
		if err := v.count("templates/a.yaml", maxTotalSize-1); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.count("templates/b.yaml", 2); err == nil || v.refusal == nil {
		t.Errorf("more than the limit was read: %v", err)
	}
}
