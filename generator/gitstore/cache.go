package gitstore

import (
	"container/list"
	"sync"
)

// cache is an LRU cache, bounded by the size of its values in bytes.
type cache[K comparable, V any] struct {
	mu    sync.Mutex
	limit int
	used  int
	order *list.List // the front was used last
	items map[K]*list.Element
}

type cacheItem[K comparable, V any] struct {
	key   K
	value V
	size  int
}

func newCache[K comparable, V any](limit int) *cache[K, V] {
	return &cache[K, V]{limit: limit, order: list.New(), items: map[K]*list.Element{}}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[k]
	if !ok {
		var none V
		return none, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cacheItem[K, V]).value, true
}

func (c *cache[K, V]) put(k K, v V, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[k]; ok || size > c.limit/2 {
		return
	}
	c.items[k] = c.order.PushFront(&cacheItem[K, V]{k, v, size})
	c.used += size
	for c.used > c.limit {
		last := c.order.Back()
		item := last.Value.(*cacheItem[K, V])
		c.order.Remove(last)
		delete(c.items, item.key)
		c.used -= item.size
	}
}
