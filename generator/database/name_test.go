package database

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestNameOf(t *testing.T) {
	long := strings.Repeat("long-", 20)
	for _, c := range []struct{ pattern, project, staging, want string }{
		{"{project}_{name}", "shop", "feature-login", "shop_feature_login"},
		{"{project}_{name}", "shop", "a--b", "shop_a_b_2e88c38d"},
		{"{name}", "shop", "Login", "login_7a3c9d4e"},
		{"{project}_{name}", "shop", long, "shop_long_long_long_long_long_long_long_long_"},
	} {
		got := NameOf(c.pattern, c.project, c.staging)
		if CheckName(got) != nil || got[:min(len(got), len(c.want)-8)] != c.want[:len(c.want)-8] {
			t.Errorf("NameOf(%s, %s, %s) is %s", c.pattern, c.project, c.staging, got)
		}
	}
	if NameOf("{name}", "shop", "a-b") == NameOf("{name}", "shop", "a--b") {
		t.Error("two stagings have one database")
	}
	if NameOf("{name}", "shop", long+"1") == NameOf("{name}", "shop", long+"2") {
		t.Error("two long names have one database")
	}
	if name := NameOf("{name}", "shop", strings.Repeat("x", 80)); len(SnapshotCopy(name, "cart")) > 63 {
		t.Errorf("the name of a snapshot of %s is too long", name)
	}
}

func TestNames(t *testing.T) {
	for _, bad := range []string{"", "A", "a__b", "_a", "a_", "a-b", "a b", `a"b`, "ä", strings.Repeat("x", MaxName+1)} {
		if CheckName(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	for other, in := range map[string]bool{x: true, x + "__new": true, x + "__old": true, x + "__0123abcd": true,
		x + "_2": false, x + "__2": false, x + "__0123abcde": false, "shop": false, x + "__new__old": false} {
		if InFamily(x, other) != in {
			t.Errorf("InFamily(%s) is %v", other, !in)
		}
	}
}

func TestArgumentsSayEverything(t *testing.T) {
	w := Wanted{Name: x, Staging: "shop/login", Generation: 3, At: "2026-11-30T12:00:00Z", From: Source{FromSnapshot, "cart"},
		Template: "shop_seed_12", Snapshots: []Snapshot{{"cart", 2, "2026-11-29T12:00:00Z"}, {"order", 3, ""}}, KeepOld: 36 * time.Hour}
	want := strings.Fields(x + " --staging shop/login --generation 3 --from snapshot/cart --at 2026-11-30T12:00:00Z --template shop_seed_12" +
		" --snapshot cart=2@2026-11-29T12:00:00Z --snapshot order=3 --keep-old 36h0m0s")
	if got := w.Arguments(); !reflect.DeepEqual(got, want) {
		t.Errorf("arguments %q", got)
	}
	for _, s := range w.Snapshots {
		if back, err := ParseSnapshot(s.String()); err != nil || back != s {
			t.Errorf("%s is parsed as %+v, %v", s, back, err)
		}
	}
	for _, bad := range []string{"cart", "cart=", "cart=0", "=1", "Cart=1", "a b=1"} {
		if _, err := ParseSnapshot(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestMarks(t *testing.T) {
	m := wanted(3, "seed/tiny").mark()
	m.Replaced = time.Unix(1_800_000_000, 0).UTC()
	if back, ours := ParseMark(m.Comment()); !ours || back != m {
		t.Errorf("%s is %+v, %v", m.Comment(), back, ours)
	}
	for _, foreign := range []string{"", "the shop of Anna", `octopod {}`, `octopod {"staging":"shop/login"}`, `octopod [1]`} {
		if _, ours := ParseMark(foreign); ours {
			t.Errorf("%q is a mark", foreign)
		}
	}
}
