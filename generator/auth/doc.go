// Package auth answers two questions about a request: who is asking, and what
// may they do.
//
// New makes an Auth of the server's configuration. Its Middleware puts an
// Identity into the context of every request, or refuses the request: a
// credential that is wrong is never treated as none. Its Handler signs people in
// and out. From reads the Identity; Check says whether it may do something to a
// staging of a project; Role says what a page may show it.
//
// # Who is asking
//
// People come by one of the modes: none (this machine only), oidc, github,
// atlassian, or header (a proxy that has signed them in). Programs come in
// every mode with a bearer token: an API token that is listed in the
// configuration, or the token that a CI run gets from GitHub or GitLab.
//
// # What is kept where
//
// The server has no database, and its cache may be deleted at any time. So:
//
//   - A session is an encrypted cookie (AES-256-GCM, __Host- prefix) and nothing
//     else. It ends by itself: after a time without use, and after a time in any
//     case. Signing out removes it from the browser; who has copied it can use it
//     until it ends, or until the key is replaced.
//   - An API token is 256 random bits, shown once. The configuration lists its
//     SHA-256 with what it is limited to and when it ends. A line can be reviewed,
//     versioned and removed like any other, and whoever reads it cannot use
//     it. A signed token that carries its own limits would need a list of revoked
//     ones at the same place, and a leaked key would make tokens nobody listed. A
//     plain fast hash is enough: 256 random bits cannot be guessed.
//   - A CI token is signed by its issuer and lives for minutes. Nothing is kept.
//   - Roles are in the project's octopod.yaml, under spec.access.
//   - The rate limits are in memory, bounded, each server for itself.
//
// # What it trusts
//
// No header of a request, unless the address it comes from is listed as a proxy.
// No issuer but those listed; no signature but the issuer's; no mail address that
// the provider says is not verified. No cookie set by a neighbour: stagings run
// unreviewed code on hosts beside Octopod's, which browsers call the same site,
// so SameSite alone would not do. Requests that change something must come from
// Octopod's own origin, and the __Host- prefix keeps neighbours from planting a
// cookie.
//
// The package never reads the environment, never decides what a verb does and
// never knows a page.
package auth
