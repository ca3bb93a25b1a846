package staging_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/staging"
)

func TestParseValuePath(t *testing.T) {
	key := func(key string) staging.ValueStep { return staging.ValueStep{Key: key} }
	item := func(index int) staging.ValueStep { return staging.ValueStep{Index: index, IsItem: true} }
	for path, want := range map[string][]staging.ValueStep{
		"replicas":              {key("replicas")},
		"ingress.hosts[0].host": {key("ingress"), key("hosts"), item(0), key("host")},
		"matrix[1][12]":         {key("matrix"), item(1), item(12)},
		`labels.acme\.io/team`:  {key("labels"), key("acme.io/team")},
	} {
		got, err := staging.ParseValuePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	for _, path := range []string{"", ".", "a.", ".a", "a..b", "[0]", "a[", "a[]", "a[x]", "a[-1]", "a[0", "a[0]b", "a[0][", "a[99999999999999999999]"} {
		if got, err := staging.ParseValuePath(path); err == nil {
			t.Errorf("%q is accepted: %v", path, got)
		}
	}
}
