package bounded_test

import (
	"testing"

	"octopod/generator/bounded"
)

func TestNobodyTakesThePlacesOfOthers(t *testing.T) {
	p := bounded.NewPlaces(2)
	first, _ := p.Take("a")
	second, _ := p.Take("a")
	if _, ok := p.Take("a"); ok {
		t.Error("a third place")
	}
	other, ok := p.Take("b")
	if !ok {
		t.Fatal("b gets no place")
	}
	first()
	if again, ok := p.Take("a"); !ok {
		t.Error("a place that was given back is not free")
	} else {
		again()
	}
	second()
	other()
	if n := p.Keys(); n != 0 {
		t.Errorf("%d keys are remembered", n)
	}
}
