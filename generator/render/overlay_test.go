package render

import (
	"strings"
	"testing"

	"octopod/generator/staging"
)

// A setting may be called like a path; the patch that removes it means the key.
func TestAnAbsentSettingIsEscapedInItsPatch(t *testing.T) {
	list, err := patches(staging.Params{Absent: []string{"app/v1~beta"}, Kustomize: staging.KustomizeParams{ConfigMap: "settings"}})
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Patch, "path: /data/app~1v1~0beta\n") {
		t.Errorf("got %+v, %v", list, err)
	}
}

// kustomize reads a target as a regular expression; an object's name is none.
func TestAPatchTargetsOneNameLiterally(t *testing.T) {
	patch, err := jsonPatch(staging.Patch{Kind: "Deployment", Name: "web.v1", Op: "remove", Pointer: "/spec/x"})
	if err != nil || patch.Target.Name != `web\.v1` {
		t.Errorf("got %+v, %v", patch.Target, err)
	}
}
