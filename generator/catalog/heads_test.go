package catalog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"octopod/generator/catalog"
)

// emptyForge knows every repository, and none has branches.
type emptyForge struct{ asked []string }

func (f *emptyForge) Heads(_ context.Context, repository string) (map[string]string, error) {
	f.asked = append(f.asked, repository)
	return nil, nil
}

// octopod.yaml may name a repository with its password. The forge gets it; people do not.
func TestBranchListingsHoldNoPassword(t *testing.T) {
	const address = "https://ci:hunter2@git.example.com/acme/backend.git"
	forge := &emptyForge{}
	listings, _ := catalog.ListBranches(t.Context(), forge, []string{address})
	if len(forge.asked) != 1 || forge.asked[0] != address {
		t.Errorf("the forge got %v", forge.asked)
	}
	if text := fmt.Sprint(listings); strings.Contains(text, "hunter2") || listings[0].Repository != "https://git.example.com/acme/backend.git" {
		t.Errorf("listings %s", text)
	}
}
