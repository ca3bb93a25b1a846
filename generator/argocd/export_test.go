package argocd

import "time"

// Hasten makes a client's watch impatient, for tests.
func (c *Client) Hasten(settle, resync, call time.Duration) {
	c.timing = timing{firstResync: settle, resync: resync, listTimeout: call, minBackoff: 5 * time.Millisecond, maxBackoff: 50 * time.Millisecond}
}

// PodsOf is for tests of what a resource tree says.
var PodsOf = podsOf
