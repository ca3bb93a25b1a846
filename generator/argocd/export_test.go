package argocd

import "time"

// Hasten shortens the intervals of a client's watch.
func (c *Client) Hasten(settle, resync, call time.Duration) {
	c.timing = timing{firstResync: settle, resync: resync, callTimeout: call, listTimeout: call, minBackoff: 5 * time.Millisecond, maxBackoff: 50 * time.Millisecond}
}

// PodsOf exports podsOf.
var PodsOf = podsOf

// SyncBlockOf exports syncBlock.
var SyncBlockOf = syncBlock
