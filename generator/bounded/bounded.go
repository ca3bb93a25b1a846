// Package bounded provides a map of limited size, for keys that clients choose.
package bounded

// Map keeps at least its size of entries, the most recently used ones, and never more
// than twice as many. It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	size       int
	young, old map[K]V // old entries were not used since young was started
}

// NewMap returns a map that keeps at least size entries.
func NewMap[K comparable, V any](size int) *Map[K, V] {
	return &Map[K, V]{size: size, young: map[K]V{}}
}

// Get returns the value of a key. It counts as a use.
func (m *Map[K, V]) Get(key K) (value V, known bool) {
	if value, known = m.young[key]; known {
		return value, true
	}
	if value, known = m.old[key]; known {
		m.Put(key, value)
	}
	return value, known
}

// Has reports whether the key has a value. It counts as a use.
func (m *Map[K, V]) Has(key K) bool {
	_, known := m.Get(key)
	return known
}

// Len counts the entries. An entry that was used again may count twice.
func (m *Map[K, V]) Len() int { return len(m.young) + len(m.old) }

// Put sets the value of a key.
func (m *Map[K, V]) Put(key K, value V) {
	if _, known := m.young[key]; !known && len(m.young) >= m.size {
		m.young, m.old = map[K]V{}, m.young
	}
	m.young[key] = value
}

// Delete removes a key.
func (m *Map[K, V]) Delete(key K) {
	delete(m.young, key)
	delete(m.old, key)
}
