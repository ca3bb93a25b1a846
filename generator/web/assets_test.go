package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"octopod/generator/project"
)

// Third-party scripts are byte for byte those of the registry.
func TestAssetsAreThoseOfTheRegistry(t *testing.T) {
	readme, err := os.ReadFile("ui/assets/README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|$`).FindAllStringSubmatch(string(readme), -1)
	if len(rows) == 0 {
		t.Fatal("README.md lists nothing")
	}
	for _, row := range rows {
		data, err := os.ReadFile("ui/assets/" + row[1])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != row[2] {
			t.Errorf("%s differs from its hash in README.md", row[1])
		}
	}
}

// Pages link their assets by content hash, so that browsers can cache them. Every
// linked asset exists.
func TestPagesFindTheirAssets(t *testing.T) {
	w := newWorld(t, nil)
	vera := w.as("Vera", project.RoleViewer)
	found := regexp.MustCompile(`"(/assets/[^"]+|/shop/theme\.css)"`).FindAllStringSubmatch(vera.get("/shop/").body, -1)
	if len(found) < 4 {
		t.Fatalf("only %d assets", len(found))
	}
	for _, asset := range found {
		answer := vera.get(asset[1])
		if answer.status != 200 || !strings.Contains(answer.header.Get("Cache-Control"), "max-age") {
			t.Errorf("%s: %d %s", asset[1], answer.status, answer.header.Get("Cache-Control"))
		}
	}
}
