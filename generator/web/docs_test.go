package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var picture = regexp.MustCompile(`images/([a-z-]+\.png)`)

// The guide for testers avoids technical words, every page has its pictures, and
// every picture is used.
func TestTheGuideForTesters(t *testing.T) {
	guide, err := os.ReadFile("../../docs/testers.md")
	if err != nil {
		t.Fatal(err)
	}
	if found := machinery.FindAllString(string(guide), -1); found != nil {
		t.Errorf("the guide contains %q", found)
	}
	shown := map[string]bool{}
	for _, file := range []string{"README.md", "docs/testers.md", "docs/pages.md"} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range picture.FindAllStringSubmatch(string(text), -1) {
			shown[found[1]] = true
			if _, err := os.Stat("../../docs/images/" + found[1]); err != nil {
				t.Errorf("%s shows %s: %v", file, found[1], err)
			}
		}
	}
	there, err := filepath.Glob("../../docs/images/*.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range there {
		name := filepath.Base(file)
		if !shown[name] {
			t.Errorf("nothing shows %s", name)
		}
		stem, _, _ := strings.Cut(name, "-light.png")
		for _, look := range []string{"dark", "phone"} {
			if _, err := os.Stat("../../docs/images/" + stem + "-" + look + ".png"); stem != name && err != nil {
				t.Errorf("%s is missing in %s: %v", stem, look, err)
			}
		}
	}
}
