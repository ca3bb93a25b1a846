package giturl_test

import (
	"strings"
	"testing"

	"octopod/generator/giturl"
)

// Each address in every use. Six parsers used to disagree on most of them.
var addresses = []struct {
	address, text                          string // text is the address as it may be logged and written
	scheme, host, port, path, user, secret string
	repository                             string // for comparing
	forge, origin                          string
	remote, loopback                       bool
}{
	{address: "https://github.com/acme/shop", text: "https://github.com/acme/shop", scheme: "https", host: "github.com", path: "/acme/shop",
		repository: "github.com/acme/shop", forge: "github.com", origin: "https://github.com", remote: true},
	{address: "https://x:hunter2@GitHub.com/acme/shop.git/", text: "https://github.com/acme/shop.git/", scheme: "https", host: "github.com",
		path: "/acme/shop.git/", user: "x", secret: "hunter2", repository: "github.com/acme/shop", forge: "github.com", origin: "https://github.com", remote: true},
	{address: "https://hunter2@git.example.com/envs.git", text: "https://git.example.com/envs.git", scheme: "https", host: "git.example.com",
		path: "/envs.git", user: "hunter2", repository: "git.example.com/envs", forge: "git.example.com", origin: "https://git.example.com", remote: true},
	{address: "https://git.example.com/acme/a@b.git", text: "https://git.example.com/acme/a@b.git", scheme: "https", host: "git.example.com",
		path: "/acme/a@b.git", repository: "git.example.com/acme/a@b", forge: "git.example.com", origin: "https://git.example.com", remote: true},
	{address: "https://git.example.com:8443/acme/shop.git", text: "https://git.example.com:8443/acme/shop.git", scheme: "https", host: "git.example.com",
		port: "8443", path: "/acme/shop.git", repository: "git.example.com/acme/shop", forge: "git.example.com:8443", origin: "https://git.example.com:8443", remote: true},
	{address: "https://git.example.com/acme/a%2Fb.git?token=hunter2#hunter2", text: "https://git.example.com/acme/a%2Fb.git", scheme: "https",
		host: "git.example.com", path: "/acme/a/b.git", repository: "git.example.com/acme/a/b", forge: "git.example.com", origin: "https://git.example.com", remote: true},
	{address: "http://127.0.0.1:3000/acme/shop.git", text: "http://127.0.0.1:3000/acme/shop.git", scheme: "http", host: "127.0.0.1", port: "3000",
		path: "/acme/shop.git", repository: "127.0.0.1/acme/shop", forge: "127.0.0.1:3000", origin: "http://127.0.0.1:3000", remote: true, loopback: true},
	{address: "http://[::1]:3000/acme/shop", text: "http://[::1]:3000/acme/shop", scheme: "http", host: "::1", port: "3000",
		path: "/acme/shop", repository: "[::1]/acme/shop", forge: "[::1]:3000", origin: "http://[::1]:3000", remote: true, loopback: true},
	{address: "ssh://git@github.com:22/acme/shop", text: "ssh://git@github.com:22/acme/shop", scheme: "ssh", host: "github.com", port: "22",
		path: "/acme/shop", user: "git", repository: "github.com/acme/shop", forge: "github.com", origin: "ssh://github.com:22", remote: true},
	{address: "ssh://git:hunter2@127.0.0.1:1/acme/envs.git", text: "ssh://git@127.0.0.1:1/acme/envs.git", scheme: "ssh", host: "127.0.0.1", port: "1",
		path: "/acme/envs.git", user: "git", secret: "hunter2", repository: "127.0.0.1/acme/envs", forge: "127.0.0.1", origin: "ssh://127.0.0.1:1", remote: true, loopback: true},
	{address: "ssh://:hunter2@git.example.com/~/envs.git", text: "ssh://git.example.com/~/envs.git", scheme: "ssh", host: "git.example.com",
		path: "/~/envs.git", secret: "hunter2", repository: "git.example.com/~/envs", forge: "git.example.com", origin: "ssh://git.example.com", remote: true},
	{address: "git+ssh://git@git.example.com/acme/shop.git", text: "ssh://git@git.example.com/acme/shop.git", scheme: "ssh", host: "git.example.com",
		path: "/acme/shop.git", user: "git", repository: "git.example.com/acme/shop", forge: "git.example.com", origin: "ssh://git.example.com", remote: true},
	{address: "git://git.example.com/acme/shop.git", text: "git://git.example.com/acme/shop.git", scheme: "git", host: "git.example.com",
		path: "/acme/shop.git", repository: "git.example.com/acme/shop", forge: "git.example.com", origin: "git://git.example.com", remote: true},
	{address: "git@github.com:acme/shop.git", text: "git@github.com:acme/shop.git", scheme: "ssh", host: "github.com", path: "acme/shop.git", user: "git",
		repository: "github.com/acme/shop", forge: "github.com", origin: "ssh://github.com", remote: true},
	{address: "git:hunter2@github.com:acme/shop.git", text: "git@github.com:acme/shop.git", scheme: "ssh", host: "github.com", path: "acme/shop.git",
		user: "git", secret: "hunter2", repository: "github.com/acme/shop", forge: "github.com", origin: "ssh://github.com", remote: true},
	{address: "github.com:acme/shop.git", text: "github.com:acme/shop.git", scheme: "ssh", host: "github.com", path: "acme/shop.git",
		repository: "github.com/acme/shop", forge: "github.com", origin: "ssh://github.com", remote: true},
	{address: "git@github.com:/srv/shop@2.git", text: "git@github.com:/srv/shop@2.git", scheme: "ssh", host: "github.com", path: "/srv/shop@2.git", user: "git",
		repository: "github.com/srv/shop@2", forge: "github.com", origin: "ssh://github.com", remote: true},
	{address: "git@[::1]:acme/shop.git", text: "git@[::1]:acme/shop.git", scheme: "ssh", host: "::1", path: "acme/shop.git", user: "git",
		repository: "[::1]/acme/shop", forge: "[::1]", origin: "ssh://[::1]", remote: true, loopback: true},
	{address: "git@[git.example.com:2222]:acme/shop", text: "git@[git.example.com:2222]:acme/shop", scheme: "ssh", host: "git.example.com", port: "2222",
		path: "acme/shop", user: "git", repository: "git.example.com/acme/shop", forge: "git.example.com", origin: "ssh://git.example.com:2222", remote: true},
	{address: "file:///srv/git/shop.git", text: "file:///srv/git/shop.git", scheme: "file", path: "/srv/git/shop.git"},
	{address: "file://ci:hunter2@localhost/srv/shop.git", text: "file://localhost/srv/shop.git", scheme: "file", host: "localhost", path: "/srv/shop.git",
		user: "ci", secret: "hunter2", forge: "localhost", loopback: true},
	{address: "/srv/git/shop.git", text: "/srv/git/shop.git", path: "/srv/git/shop.git"},
	{address: "/srv/git/a:b@c.git", text: "/srv/git/a:b@c.git", path: "/srv/git/a:b@c.git"},
	{address: "../shop", text: "../shop", path: "../shop"},
	{address: "./a:b", text: "./a:b", path: "./a:b"},
	{address: "envs.git", text: "envs.git", path: "envs.git"},
	{address: `C:\git\shop`, text: `C:\git\shop`, path: `C:\git\shop`},
	{address: "c:/git/shop", text: "c:/git/shop", path: "c:/git/shop"},
	{address: `..\a:b`, text: `..\a:b`, path: `..\a:b`},
}

func TestEveryUseOfAnAddress(t *testing.T) {
	for _, tt := range addresses {
		u, err := giturl.Parse(tt.address)
		if err != nil {
			t.Errorf("%s: %v", tt.address, err)
			continue
		}
		user, secret := u.Credentials()
		for what, pair := range map[string][2]string{
			"text": {u.String(), tt.text}, "redacted": {giturl.Redact(tt.address), tt.text},
			"scheme": {u.Scheme(), tt.scheme}, "host": {u.Host(), tt.host}, "port": {u.Port(), tt.port}, "path": {u.Path(), tt.path},
			"user": {user, tt.user}, "password": {secret, tt.secret},
			"repository": {u.Repository(), tt.repository}, "forge": {u.Forge(), tt.forge}, "origin": {u.Origin(), tt.origin},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s %q, want %q", tt.address, what, pair[0], pair[1])
			}
		}
		if u.Remote() != tt.remote || giturl.IsRemote(tt.address) != tt.remote || u.Loopback() != tt.loopback {
			t.Errorf("%s: remote %v, loopback %v", tt.address, u.Remote(), u.Loopback())
		}
		if want := map[bool]string{false: tt.path}[tt.remote]; u.Local() != want {
			t.Errorf("%s: path on this machine %q, want %q", tt.address, u.Local(), want)
		}
	}
}

// An address that cannot be parsed is not a path on this machine, and its text has no password.
func TestUnreadableAddresses(t *testing.T) {
	for address, text := range map[string]string{
		"": "",
		"https://ci:hunter2@git example.com/envs.git":  "https://git example.com/envs.git",
		"https://ci:hunter2/x@git.example.com/a.git":   "https://git.example.com/a.git",
		"https://ci:hun%ter2@git.example.com/envs.git": "https://git.example.com/envs.git",
		"ssh://a:b:22/x@y":                             "ssh://y",
		"://ci:hunter2@git.example.com":                "://git.example.com",
		"http:x://ci:hunter2@git.example.com":          "http:x://git.example.com",
		"ci:hunter2@git.example.com/acme/envs.git":     "git.example.com/acme/envs.git",
		"git:hun@ter2@git.example.com:acme/envs.git":   "git.example.com:acme/envs.git",
		":hunter2@git.example.com:acme/envs.git":       "git.example.com:acme/envs.git",
		"ssh://git@[::1/acme/envs.git":                 "ssh://[::1/acme/envs.git",
		"https://git.example.com:port/acme/envs.git":   "https://git.example.com:port/acme/envs.git",
	} {
		_, err := giturl.Parse(address)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
		if got := giturl.Redact(address); got != text {
			t.Errorf("%q is shown as %q, want %q", address, got, text)
		}
		if giturl.IsRemote(address) != (address != "") {
			t.Errorf("%q: remote is %v", address, giturl.IsRemote(address))
		}
	}
}

// octopod.yaml and CI systems also name a repository by host and path.
func TestNamesOfRepositories(t *testing.T) {
	for name, want := range map[string]struct{ forge, path string }{
		"github.com/acme/shop":            {"github.com", "acme/shop"},
		"GitHub.com/group/team/shop.git/": {"github.com", "group/team/shop"},
		"localhost:3000/acme/shop":        {"localhost:3000", "acme/shop"},
		"[::1]:3000/acme/shop":            {"[::1]:3000", "acme/shop"},
		"github.com:acme/shop.git":        {"github.com", "acme/shop"},
		"git@github.com:acme/shop.git":    {"github.com", "acme/shop"},
		"https://github.com:8443/a/b":     {"github.com:8443", "a/b"},
		"../shop":                         {},
		"/srv/shop.git":                   {},
		"shop.git":                        {},
		`C:\shop`:                         {},
	} {
		u, err := giturl.ParseRepository(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if u.Remote() != (want.forge != "") || u.Remote() && (u.Forge() != want.forge || u.RepositoryPath() != want.path) {
			t.Errorf("%s: remote %v, forge %q, path %q", name, u.Remote(), u.Forge(), u.RepositoryPath())
		}
		if again, err := giturl.ParseRepository(u.String()); err != nil || again != u {
			t.Errorf("%s is read back from %s as %v", name, u, again)
		}
	}
}

func TestSameRepository(t *testing.T) {
	for _, same := range [][]string{
		{"github.com/acme/shop", "GitHub.com/Acme/Shop.git", "https://github.com/acme/shop.git", "https://ci:hunter2@github.com/acme/shop",
			"ssh://git@github.com:22/acme/shop.git", "git+ssh://git@github.com/acme/shop", "git@github.com:acme/shop.git", "github.com:acme/shop"},
		{"localhost:3000/acme/shop", "http://localhost:3000/acme/shop.git", "ssh://git@localhost:2222/acme/shop.git", "localhost/acme/shop"},
		{"[::1]/acme/shop", "git@[::1]:acme/shop.git", "http://[::1]:3000/acme/shop"},
		{"/srv/git/shop.git", "/srv/git/shop", "file:///srv/git/shop.git", "/srv/git/./shop"},
		{"../shop", "../shop.git"},
	} {
		for _, a := range same {
			for _, b := range same {
				if !giturl.SameRepository(a, b) {
					t.Errorf("%s and %s are two", a, b)
				}
			}
		}
	}
	for _, two := range [][2]string{
		{"", ""}, {"github.com/acme/shop", ""}, {"github.com/acme/shop", "github.com/acme/shop-2"}, {"github.com/acme/shop", "gitlab.com/acme/shop"},
		{"github.com/acme/shop", "/github.com/acme/shop"}, {"https://a b/x", "https://a b/x"}, {"file://", "file://"},
	} {
		if giturl.SameRepository(two[0], two[1]) {
			t.Errorf("%q and %q are one", two[0], two[1])
		}
	}
}

func TestAnotherRepositoryOnTheSameServer(t *testing.T) {
	for address, want := range map[string]string{
		"https://ci:hunter2@git.example.com:8443/acme/envs.git": "https://git.example.com:8443/acme/a%20b.git",
		"git@git.example.com:acme/envs.git":                     "ssh://git@git.example.com/acme/a%20b.git",
		"git@[::1]:acme/envs.git":                               "ssh://git@[::1]/acme/a%20b.git",
	} {
		u, err := giturl.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		other := u.WithPath("acme/a b.git")
		if other.String() != want || other.Origin() != u.Origin() {
			t.Errorf("beside %s lies %s, want %s", address, other, want)
		}
		if user, password := other.Credentials(); user == "" || password != map[bool]string{true: "hunter2"}[user == "ci"] {
			t.Errorf("beside %s: %s %s", address, user, password)
		}
	}
}

// No text holds the password, and the text of an address parses to the same address again.
func FuzzParse(f *testing.F) {
	for _, tt := range addresses {
		f.Add(tt.address, "x#y@z", "git.example.com")
	}
	f.Add("ssh://git@[fe80::1%25en0]:22/~a", "", "[::1]")
	f.Add("ssh://a:b:80/x", "/@", "h:22")
	f.Fuzz(func(t *testing.T, address, junk, host string) {
		if u, err := giturl.Parse(address); err == nil {
			text := u.String()
			again, err := giturl.Parse(text)
			if err != nil || again.String() != text || again.Remote() != u.Remote() || again.Repository() != u.Repository() {
				t.Errorf("%q is shown as %q, which is read back as %q: %v", address, text, again, err)
			}
		}
		if strings.Contains(host, "hunter2") {
			return
		}
		for _, secret := range []string{
			"ssh://git:hunter2" + junk + "@" + host + "/acme/envs.git", "https://ci:hunter2" + junk + "@" + host + "/acme/envs.git",
			"git+ssh://git:hunter2" + junk + "@" + host, "git:hunter2" + strings.ReplaceAll(junk, "/", "") + "@" + host + ":acme/envs.git",
		} {
			if text := giturl.Redact(secret); strings.Contains(text, "hunter2") {
				t.Errorf("%q is shown as %q", secret, text)
			}
			if _, err := giturl.Parse(secret); err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: %v", secret, err)
			}
		}
	})
}
