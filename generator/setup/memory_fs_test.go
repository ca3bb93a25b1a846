package setup

import (
	"testing"
	"testing/fstest"

	"octopod/generator/staging"
)

func TestMemoryFS(t *testing.T) {
	m := newMemoryFS([]staging.File{
		{Path: "octopod.yaml", Data: []byte("a")},
		{Path: "templates/shop/base/a.yaml", Data: []byte("b")},
		{Path: "templates/shop/empty.yaml"},
	})
	if err := fstest.TestFS(m, "octopod.yaml", "templates/shop/base/a.yaml", "templates/shop/empty.yaml"); err != nil {
		t.Error(err)
	}
}
