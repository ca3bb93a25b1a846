// Package bounded has a map that does not grow without end, whoever fills it.
package bounded

// Map keeps at least as many entries as it was made for, the ones used last, and
// never more than twice as many. Users of one map take turns.
type Map[K comparable, V any] struct {
	size       int
	young, old map[K]V // old are those that nobody asked for since young is there
}

// NewMap gives a map that keeps so many entries.
func NewMap[K comparable, V any](size int) *Map[K, V] {
	return &Map[K, V]{size: size, young: map[K]V{}}
}

// Get gives what was put last. To be asked for is to be used.
func (m *Map[K, V]) Get(key K) (value V, known bool) {
	if value, known = m.young[key]; known {
		return value, true
	}
	if value, known = m.old[key]; known {
		m.Put(key, value)
	}
	return value, known
}

// Has tells whether there is a value, as Get does.
func (m *Map[K, V]) Has(key K) bool {
	_, known := m.Get(key)
	return known
}

// Len counts what is kept; what was used again may count twice.
func (m *Map[K, V]) Len() int { return len(m.young) + len(m.old) }

// Put keeps a value, in the place of the one before.
func (m *Map[K, V]) Put(key K, value V) {
	if _, known := m.young[key]; !known && len(m.young) >= m.size {
		m.young, m.old = map[K]V{}, m.young
	}
	m.young[key] = value
}

// Delete forgets a key.
func (m *Map[K, V]) Delete(key K) {
	delete(m.young, key)
	delete(m.old, key)
}
