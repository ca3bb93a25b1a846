package bounded_test

import (
	"testing"

	"octopod/generator/bounded"
)

func TestWhatIsUsedIsKept(t *testing.T) {
	m := bounded.NewMap[int, string](10)
	m.Put(-1, "used")
	m.Put(-2, "not used")
	for i := range 1000 {
		m.Put(i, "new")
		if value, known := m.Get(-1); !known || value != "used" {
			t.Fatalf("after %d others: %q, %v", i+1, value, known)
		}
	}
	if n := m.Len(); n < 10 || n > 20 {
		t.Errorf("it keeps %d", n)
	}
	if m.Has(-2) {
		t.Error("an unused entry is kept")
	}
	for i := 991; i < 1000; i++ {
		if !m.Has(i) {
			t.Errorf("%d is one of the last, and gone", i)
		}
	}
}

func TestTheLastValueCounts(t *testing.T) {
	m := bounded.NewMap[string, int](1)
	m.Put("a", 1)
	m.Put("b", 1) // a is old now
	m.Put("a", 2)
	if value, _ := m.Get("a"); value != 2 {
		t.Errorf("a is %d", value)
	}
	m.Delete("a")
	if m.Has("a") {
		t.Error("a is deleted, and there")
	}
}
