package main

import "testing"

func TestWhatIsRemote(t *testing.T) {
	for address, want := range map[string]bool{
		"https://git.example.com/envs.git": true, "ssh://git@git.example.com/envs.git": true, "git@git.example.com:acme/envs.git": true,
		"envs.git": false, "./envs.git": false, "/srv/envs.git": false, "file:///srv/envs.git": false, "./a:b": false, `C:\envs`: false, "": false,
	} {
		if got := isRemote(address); got != want {
			t.Errorf("isRemote(%q) = %v", address, got)
		}
	}
}

// octopod.yaml is read by many, so no token may get into it with the address.
func TestAnAddressIsWrittenDownWithoutCredentials(t *testing.T) {
	for address, want := range map[string]string{
		"https://ci:hunter2@git.example.com/acme/envs.git": "https://git.example.com/acme/envs.git",
		"https://hunter2@git.example.com/envs.git":         "https://git.example.com/envs.git",
		"https://git.example.com/a@b.git":                  "https://git.example.com/a@b.git",
		"ssh://git@git.example.com/envs.git":               "ssh://git@git.example.com/envs.git",
		"git@git.example.com:acme/envs.git":                "git@git.example.com:acme/envs.git",
	} {
		if got := withoutCredentials(address); got != want {
			t.Errorf("withoutCredentials(%q) = %q, want %q", address, got, want)
		}
	}
}
