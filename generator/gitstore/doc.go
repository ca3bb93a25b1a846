// Package gitstore keeps files in one branch of a git repository. It knows git
// and nothing of what the files mean.
//
// A Store reads the branch as a Snapshot (a file system at one revision) and
// writes it with Change: an edit, a pure function of the tree at the tip, says
// what to commit on top of it. The branch moves by compare-and-swap; when
// another writer was faster, the edit runs again on what that writer left.
// Edits that wait while a push is in flight are pushed together, a commit each.
//
// The package works on objects, never on a checkout: it reads the trees on the
// way to a changed file, writes the file, rebuilds those trees from their raw
// bytes, writes a commit and hands over exactly these. So a commit costs the
// same in a repository of ten files and of a hundred thousand. Repositories on
// this machine are opened where they lie, beside the git command; remotes are
// spoken to in git's protocol and asked for trees first, files when read.
//
// What it owns: references, objects, packs and index files, credentials and
// host keys, what an error of a git server means. What it never does: force a
// push, keep a checkout, run a command, match the text of an error, print,
// read the environment for more than git's own conventions (the ssh agent and
// known_hosts).
//
// # Locks
//
// A local branch moves under REF.lock, as with the git command. Such a lock
// that a killed Octopod left behind is taken over, because the system tells that
// its holder is gone; one of the git command is waited for and then reported.
package gitstore
