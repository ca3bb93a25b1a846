package auth

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// problems lists the problems of a configuration.
type problems []staging.Problem

func (f *problems) add(field, format string, args ...any) {
	*f = append(*f, staging.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (f *problems) required(field, value, example string) {
	if value == "" {
		f.add(field, "is missing: write for example %s", example)
	}
}

func (f *problems) secret(field string, s Secret, what string) {
	switch {
	case s.Env == "" && s.File == "":
		f.add(field, "is missing: set env or file to the place of %s", what)
	case s.Env != "" && s.File != "":
		f.add(field, "names both env and file: set one of them")
	}
}

// check validates a configuration, after its defaults, for a server at an address.
func (c Config) check(address string) error {
	var f problems
	switch c.Mode {
	case ModeNone:
	case ModeHeader:
		if len(c.Proxies) == 0 {
			f.add("auth.proxies", "is empty: name the address of the proxy that signs people in, for example 127.0.0.1/32")
		}
	case ModeOIDC, ModeGitHub, ModeAtlassian:
		c.checkSignIn(&f, address)
	default:
		f.add("auth.mode", "%q is not a mode: write none, oidc, github, atlassian or header", c.Mode)
	}
	if c.Unprotected && c.Mode != ModeNone {
		f.add("auth.unprotected", "applies to mode none only: remove it")
	}
	if c.Limits.SignIns < 0 || c.Limits.Writes < 0 {
		f.add("auth.limits", "cannot be negative")
	}
	f = append(f, c.Allow.Problems("auth.allow")...)
	_, err := parseProxies(c.Proxies)
	if err != nil {
		f.add("auth.proxies", "%s", err)
	}
	checkTokens(&f, c.Tokens)
	for i, issuer := range c.CI {
		issuer.check(&f, fmt.Sprintf("auth.ci[%d]", i))
	}
	return staging.Invalid("the section auth of the server's configuration is not valid", f)
}

// publicProviders lists providers where anybody can create an account.
var publicProviders = []string{"https://accounts.google.com", "https://gitlab.com", "https://appleid.apple.com"}

func (c Config) checkSignIn(f *problems, address string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Host)) || u.Host == "" {
		f.add("auth.mode", "%s needs the server's address, and it must be https (or this machine): %q", c.Mode, address)
	}
	f.secret("auth.session.keys", c.Session.Keys, "a key made with openssl rand -base64 32")
	client, _ := c.client()
	field := "auth." + string(c.Mode)
	switch c.Mode {
	case ModeOIDC:
		checkIssuer(f, field+".issuer", c.OIDC.Issuer)
		if slices.Contains(publicProviders, strings.TrimSuffix(c.OIDC.Issuer, "/")) && c.Allow.Empty() {
			f.add("auth.allow", "is empty: anybody in the world can sign in at %s", c.OIDC.Issuer)
		}
	case ModeGitHub:
		checkIssuer(f, field+".url", c.GitHub.URL)
		if len(c.GitHub.Organizations) == 0 {
			f.add(field+".organizations", "is empty: anybody in the world can sign in at GitHub")
		}
	case ModeAtlassian:
		if len(c.Atlassian.Sites) == 0 {
			f.add(field+".sites", "is empty: anybody in the world can sign in at Atlassian")
		}
	}
	f.required(field+".client.id", client.ID, "octopod, registered at the provider")
	f.secret(field+".client.secret", client.Secret, "the client secret from the provider")
}

// checkIssuer rejects an address without https, whose responses anybody on the
// network could forge.
func checkIssuer(f *problems, field, address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Host)) {
		f.add(field, "%q must be an address with https", address)
	}
}

func checkTokens(f *problems, tokens []Token) {
	names, hashes := map[string]bool{}, map[tokenHash]bool{}
	for i, token := range tokens {
		field := fmt.Sprintf("auth.tokens[%d]", i)
		f.required(field+".name", token.Name, "ci-shop")
		if token.Name != "" && names[token.Name] {
			f.add(field+".name", "%q is the name of another token, too: the audit log needs unique names", token.Name)
		}
		names[token.Name] = true
		hash, ok := parseHash(token.Hash)
		switch {
		case strings.HasPrefix(token.Hash, tokenPrefix):
			f.add(field+".hash", "is a token and not its hash: everybody who reads this file can use it. Create a new one")
		case !ok:
			f.add(field+".hash", "must be %s and 64 hex digits", hashPrefix)
		case hashes[hash]:
			f.add(field+".hash", "is the hash of another token, too")
		}
		hashes[hash] = true
		if token.Expires.IsZero() {
			f.add(field+".expires", "is missing: write for example 2027-01-31T00:00:00Z")
		}
		token.Scope.check(f, field)
		for n, name := range token.Names {
			if strings.ContainsAny(name, "{}") {
				f.add(fmt.Sprintf("%s.names[%d]", field, n), "%q has a placeholder: only rules of auth.ci know a branch", name)
			}
		}
	}
}

func (s Scope) check(f *problems, field string) {
	switch s.Role {
	case project.RoleViewer, project.RoleUser, project.RoleAdmin:
	default:
		f.add(field+".role", "%q is not a role: write viewer, user or admin", s.Role)
	}
	for i, verb := range s.Verbs {
		if verb != Read && !slices.Contains(scopeVerbs, verb) {
			f.add(fmt.Sprintf("%s.verbs[%d]", field, i), "%q is not a verb: write for example deploy", verb)
		}
	}
}

// scopeVerbs lists the verbs that a scope may name.
var scopeVerbs = []staging.Verb{
	staging.Deploy, staging.Create, staging.Update, staging.Set, staging.Unset, staging.Archive, staging.Restore, staging.Restart,
	staging.Delete, staging.PinVerb, staging.Unpin, staging.Keep, staging.Unkeep, staging.Extend, staging.Mark, staging.Rollback, staging.Regenerate, Sweep, SetDefault, Follow, staging.Undo,
	staging.ResetData, staging.SnapshotData, staging.RestoreData, staging.UndoData, staging.ForgetData,
}

// publicIssuers lists issuers that sign tokens for everybody in the world.
var publicIssuers = []string{"https://token.actions.githubusercontent.com", "https://gitlab.com"}

func (i Issuer) check(f *problems, field string) {
	checkIssuer(f, field+".issuer", i.Issuer)
	f.required(field+".audience", i.Audience, "https://octopod.example.com")
	if len(i.Rules) == 0 {
		f.add(field+".rules", "is empty: no run could authenticate")
	}
	for n, rule := range i.Rules {
		at := fmt.Sprintf("%s.rules[%d]", field, n)
		fixed, _, _ := strings.Cut(rule.Subject, "*")
		switch {
		case fixed == "":
			f.add(at+".subject", "%q allows every run: begin with the prefix that your own runs share", rule.Subject)
		case slices.Contains(publicIssuers, i.Issuer) && !strings.Contains(fixed, "/"):
			f.add(at+".subject", "%q allows runs of other organisations: write your organisation and a slash before the first *, as in repo:acme/*", rule.Subject)
		}
		switch rule.Bind {
		case "", project.BindBranch, project.BindRepository, project.BindNone:
		default:
			f.add(at+".bind", "%q is not a binding: write branch, repository or none", rule.Bind)
		}
		rule.Scope.check(f, at)
	}
}

func parseProxies(networks []string) (proxies, error) {
	var all proxies
	for _, text := range networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a network: write 10.1.2.3/32", text)
		}
		if network.Bits() == 0 {
			return nil, fmt.Errorf("%q includes every address: name the proxy", text)
		}
		all = append(all, network.Masked())
	}
	return all, nil
}
