// Package gitstore reads and writes the files of one branch of a git repository.
// It knows git, and nothing about what the files mean.
//
// A Store reads the branch as a Snapshot (a file system at one revision) and writes
// it with Change. An Edit is a pure function of the tree at the tip and returns what
// to commit on top. The branch moves by compare-and-swap: when another writer pushes
// first, the edit runs again on the new tip. Edits that wait while a push is in
// flight are pushed together by the next one, one commit each.
//
// The package works on objects, without a checkout. A commit reads the trees on the
// way to the changed files, writes the files, rebuilds those trees from their raw
// bytes, writes the commit, and pushes exactly these objects. So the cost of a commit
// hardly depends on the number of files in the repository. Local repositories are
// opened in place, beside the git command. Remotes are accessed with git's protocol:
// trees are fetched first, files on first read.
//
// The package handles references, objects, packs and index files, credentials and
// host keys, and the errors of git servers. It never force-pushes, keeps a checkout,
// runs a command, or prints. It decides by error types and status codes, not by text
// (but GitHub's secondary rate limit shows only in the text). It reads no environment
// except git's own conventions (the ssh agent and known_hosts).
//
// # Locks and durability
//
// A local branch moves under REF.lock, as with the git command. The lock of a killed
// Octopod is removed, because its flock shows that its process has ended. A lock of
// the git command is waited for and then reported. A local repository survives kill -9
// at any step. Writes are not synced (fsync), so a power cut may lose or damage the
// last commits.
//
// # Files
//
//	store.go, options.go, setup.go    Store; Options; InitBare
//	repository.go, log.go, errors.go  what Store asks of a repository; errors for users
//	snapshot.go, file_info.go         Snapshot: reading one revision as an fs.FS
//	revision.go, history.go           earlier revisions; the commits that changed a path
//	path_index.go                     the index behind the history of a path
//	branch.go                         the branch that a store writes
//	branches.go, worktree.go          ListRefs; what a clone has checked out
//	hash_without.go                   the hash of a directory without one entry
//
//	edit.go, change.go, builder.go    Edit, Commit; Change; from changes to objects
//	writer.go, queue.go, batch.go     Store.Change; the queue of edits; one commit per edit
//	push.go, outcome.go, backoff.go   push and retry; its outcome; pauses between pushes
//	coalesce.go                       one fetch for many callers
//	write_access.go, sign.go          whether a push would be allowed; commit signatures
//
//	local.go, layout.go, refs.go      a repository on disk; its directories; its references
//	lock*.go, hooks.go                its locks; where a test may stop a push
//	checkout.go, stat_*.go            the work tree and index when the branch is checked out
//	disk.go, disk_write.go, repack.go objects on disk: read, write, merge packs
//
//	remote.go, remote_cache.go        a repository on a server; the objects fetched from it
//	wire*.go, idle_conn.go, url.go    git's protocol over HTTP and SSH; timeouts; URLs
//	explain.go, retry_after.go        errors of git servers; rate limits
//	token_source.go                   tokens that are rotated
//
//	objects.go, cache.go, path.go     reading commits and trees from either; LRU cache; paths
//	tree.go, diff.go, commit.go       the formats of trees and commits, and their changes
//	pack*.go, delta.go, hash.go       the formats of packs, deltas and object names
package gitstore
