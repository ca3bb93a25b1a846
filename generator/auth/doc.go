// Package auth authenticates requests and authorizes what they do.
//
// New builds an Auth from the server's configuration. Its Middleware puts an
// Identity into the context of every request, or refuses the request: a wrong
// credential is never treated as a missing one. Its Handler signs people in and
// out. From reads the Identity; Check authorizes a verb on a staging of a project;
// Role returns the role, which decides what a page shows.
//
// # Authentication
//
// People sign in by one of the modes: none (this machine only), oidc, github,
// atlassian, or header (a proxy that has signed them in). Programs send a bearer
// token in every mode: an API token that the configuration lists, or the token
// that a CI run gets from GitHub or GitLab.
//
// # State
//
// The server has no database, and its cache may be deleted at any time. So:
//
//   - A session is an encrypted cookie (AES-256-GCM, __Host- prefix) and nothing
//     else. It expires after the idle time, and after its lifetime in any case.
//     Signing out removes it from the browser; a stolen copy works until the
//     session expires, or until the operator replaces the key.
//   - An API token is 256 random bits, shown once. The configuration lists its
//     SHA-256, its scope and when it expires. The line can be reviewed, versioned
//     and removed like any other, and nobody can use the token with it. A signed
//     token that carries its own scope would need a list of revoked tokens at the
//     same place, and a leaked key could sign tokens that nobody listed. A plain
//     fast hash is enough: nobody can guess 256 random bits.
//   - A CI token is signed by its issuer and lives for minutes. Nothing is stored.
//   - Roles are in the project's octopod.yaml, under spec.access.
//   - The rate limits are in memory, bounded, and separate on each server.
//
// # Trust
//
// The package trusts the headers of listed proxies only, listed issuers and their
// signatures only, and no mail address that the provider marks as unverified. It
// trusts no cookie that another host of the domain sets: stagings run unreviewed
// code on hosts beside Octopod's, which browsers call the same site, so SameSite
// is not enough. Requests that change something must come from Octopod's own
// origin, and the __Host- prefix keeps other hosts from planting a cookie.
//
// The package does not read the environment and does not know the verbs' effects
// or the pages.
package auth
