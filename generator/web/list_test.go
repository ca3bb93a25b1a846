package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// The search finds what people know of a staging: the people who acted on it, the
// addresses they paste, its tags and its settings.
func TestTheSearchFindsWhatPeopleKnow(t *testing.T) {
	w := market(t, 3, func(i int, s *staging.Staging) {
		if i == 2 {
			s.Spec.State = staging.Archived
			s.Spec.Since = &staging.Transition{At: s.Spec.Created.At, By: "Olga"}
		}
	})
	lukasz := rights.Actor{Person: staging.Person{Name: "Łukasz Wiśniewski", Email: "lukasz@example.com"}, Via: staging.ViaCI}
	for verb, by := range map[staging.Verb]rights.Actor{staging.Mark: lukasz, staging.Keep: ada} {
		if _, err := w.Apply(t.Context(), change.Request{By: by, Action: staging.Action{Verb: verb, Name: "shop-1401-work", Outcome: staging.Tested, Reason: "the fair in Gdańsk"}}); err != nil {
			t.Fatal(err)
		}
	}
	w.do(staging.Action{Verb: staging.Mark, Name: "shop-1401-work", Outcome: staging.Broken}) // replaces his mark
	w.do(staging.Action{Verb: staging.PinVerb, Name: "shop-1400-work"})
	quinn := w.as("Quinn", project.RoleUser)
	for query, want := range map[string]string{
		"Łukasz": "shop-1401-work", "wiśniewski": "shop-1401-work", "lwisniewski": "shop-1400-work",
		"https://shop-1400-work.staging.example.com/cart?step=2": "shop-1400-work", "https://search-shop-1401-work.staging.example.com": "shop-1401-work",
		"https://github.com/acme/shop-frontend/pull/1/files": "shop-1400-work", "https://github.com/acme/shop-frontend/pull/11": "",
		"https://octopod.example.com/shop/stagings/shop-1400-work": "shop-1400-work",
		"pinned": "shop-1400-work", "kept": "shop-1401-work", "gdańsk": "shop-1401-work",
		"PAYMENT_GATEWAY=production": "shop-1400-work", "PAYMENT_GATEWAY=sandbox": "", "olga": "shop-1402-work",
	} {
		if got := quinn.get("/shop/?q=" + url.QueryEscape(query)).rows(); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	quinn.get("/shop/?q=cookie").shows(200, "No active staging matches", "1 archived staging matches", "Cookie banner")
	quinn.get("/shop/?q=zebra").shows(200, "No results for")

	for who, want := range map[string]string{"Lukasz": "shop-1401-work", "Quinn": "", "Ada": "shop-1401-work"} {
		if got := w.as(who, project.RoleUser).get("/shop/?mine=1").rows(); got != want {
			t.Errorf("of %s are %q, want %q", who, got, want)
		}
	}
}

// A viewer who may not see the history finds nobody by it.
func TestTheSearchKeepsTheHistoryHidden(t *testing.T) {
	w := newWorld(t, func(text string) string {
		return strings.Replace(text, "  lifecycle:", "  ui: {visible: {history: user}}\n  lifecycle:", 1)
	})
	w.do(login())
	if _, err := w.Apply(t.Context(), change.Request{By: rights.Actor{Person: staging.Person{Name: "Hidden Person"}}, Action: staging.Action{Verb: staging.Extend, Name: "login"}}); err != nil {
		t.Fatal(err)
	}
	w.catchUp()
	if got := w.as("Vera", project.RoleViewer).get("/shop/?q=hidden").rows(); got != "" {
		t.Errorf("a viewer finds %q", got)
	}
}

// Every column sorts both ways.
func TestEveryColumnSortsBothWays(t *testing.T) {
	w := market(t, 4, nil)
	w.do(staging.Action{Verb: staging.Mark, Name: "shop-1402-work", Outcome: staging.Tested})
	quinn := w.as("Quinn", project.RoleUser)
	for _, column := range []string{"Status", "Staging", "Owner", "Test result", "Updated", "Created", "Ends"} {
		head := func(page *answer) string {
			for _, a := range page.Find(".heads a").EachIter() {
				if strings.HasPrefix(strings.TrimSpace(a.Text()), column) {
					return a.AttrOr("href", "")
				}
			}
			t.Fatalf("there is no head %s", column)
			return ""
		}
		first := quinn.get(head(quinn.get("/shop/?sort=status")))
		if column == "Status" {
			first = quinn.get("/shop/?sort=status")
		}
		second := quinn.get(head(first))
		there, back := strings.Fields(first.rows()), strings.Fields(second.rows())
		for i := range there {
			if there[i] != back[len(back)-1-i] {
				t.Errorf("%s: %v, and the other way %v", column, there, back)
				break
			}
		}
	}
	if got := quinn.get("/shop/?sort=created").rows(); got != "shop-1400-work shop-1401-work shop-1402-work shop-1403-work" {
		t.Errorf("by creation: %s", got)
	}
	if got := strings.Fields(quinn.get("/shop/?sort=result").rows())[0]; got != "shop-1402-work" {
		t.Errorf("the first by test result is %s", got)
	}
}

// The counts of the filters follow the search: a click lists as many rows.
func TestTheFiltersCountWhatAClickLists(t *testing.T) {
	w := market(t, 12, nil)
	w.do(staging.Action{Verb: staging.Mark, Name: "shop-1402-work", Outcome: staging.Tested})
	quinn := w.as("Quinn", project.RoleUser)
	for _, path := range []string{"/shop/", "/shop/?q=delivery", "/shop/?q=cookie", "/shop/?tested=none", "/shop/?status=good&q=pat"} {
		for _, a := range quinn.get(path).Find("#filters a").EachIter() {
			want := a.Find(".count").Text()
			if _, on := a.Attr("aria-current"); on {
				continue // a click resets it
			}
			if got := fmt.Sprint(len(strings.Fields(quinn.get(a.AttrOr("href", "")).rows()))); got != want && !strings.Contains(got, "archived") {
				t.Errorf("%s: %s counts %s, and lists %s", path, a.Text(), want, got)
			}
		}
	}
}

// The filters count along with live changes.
func TestTheFiltersCountLiveChanges(t *testing.T) {
	w := market(t, 3, nil)
	quinn := w.as("Quinn", project.RoleUser)
	events := quinn.stream(quinn.get("/shop/").Find("#results").AttrOr("data-events", ""))
	w.argo.Put("shop-1401-work", func(a *staging.Application) { a.Health = "Degraded" })
	if got := events.next("filters"); !strings.Contains(got, `Needs attention <span class="count">1<`) || !strings.Contains(got, `Running <span class="count">2<`) {
		t.Errorf("the filters are %s", got)
	}
}

// A list shows a hundred rows, and more on demand.
func TestALongListShowsMoreOnDemand(t *testing.T) {
	w := crowd(t, 230)
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/?sort=name")
	count := func(a *answer) int { return a.Find(".row").Length() }
	more := page.Find(".more-rows a")
	if count(page) != 100 || !strings.Contains(page.text(), "130 more stagings") {
		t.Fatalf("%d rows: %s", count(page), page.Find(".more-rows").Text())
	}
	longer := quinn.get(more.AttrOr("href", ""))
	if count(longer) != 200 || !strings.HasPrefix(longer.rows(), page.rows()) {
		t.Errorf("the link shows %d rows", count(longer))
	}
	part := quinn.fragment(more.AttrOr("hx-get", ""))
	if count(part) != 100 || part.Find("#results").Length() != 0 || page.rows()+" "+part.rows() != longer.rows() {
		t.Errorf("the part has %d rows", count(part))
	}
	if last := quinn.fragment(part.Find(".more-rows a").AttrOr("hx-get", "")); count(last) != 30 || last.Find(".more-rows").Length() != 0 {
		t.Errorf("the last part has %d rows", count(last))
	}
}

// A row opens the staging, has one button to the product, and says only what differs.
func TestARowSaysWhatDiffers(t *testing.T) {
	w := market(t, 2, nil)
	row := w.as("Quinn", project.RoleUser).get("/shop/").Find("#s-shop-1400-work")
	if got := row.Find("h2").Text(); got != "Gift cards: redeem a partial balance" {
		t.Errorf("the title is %q", got)
	}
	if got := row.Find(".open > a").Length(); got != 1 {
		t.Errorf("there are %d buttons", got)
	}
	if got := row.Find(".with .chip").First().Text(); got != "Payments production" {
		t.Errorf("the first difference is %q", got)
	}
	if text := row.Find(".with").Text(); strings.Contains(text, "main") {
		t.Errorf("the row lists default versions: %s", text)
	}
	shown, hidden := row.Find(".with > div .chip").Length(), row.Find(".with .sheet .chip").Length()
	if want := fmt.Sprintf("+%d", hidden); shown+hidden != 6 || hidden == 0 || row.Find(".with summary").Text() != want {
		t.Errorf("%d differences are shown, %d in %q", shown, hidden, row.Find(".with summary").Text())
	}
}

// The view of a list stays as chosen.
func TestACompactListStaysCompact(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	compact := func(path string) bool { return quinn.get(path).Find("#results").HasClass("compact") }
	if compact("/shop/") || !compact(quinn.get("/shop/").Find(".view").AttrOr("href", "")) || !compact("/shop/") || !compact("/shop/archived") {
		t.Error("the choice is lost")
	}
	if compact(quinn.get("/shop/").Find(".view").AttrOr("href", "")) || compact("/shop/") {
		t.Error("there is no way back")
	}
}

// BenchmarkPeopleOfAHistory reads who acted on the stagings of a long history.
func BenchmarkPeopleOfAHistory(b *testing.B) {
	w := crowd(b, 100)
	for i := range 500 {
		w.do(staging.Action{Verb: staging.Set, Name: "feature-0007", Set: map[string]string{"LOG_LEVEL": []string{"info", "warn"}[i%2]}})
	}
	began := time.Now()
	w.page(b, "/shop/?q=ada")
	b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "first-ms")
	for b.Loop() {
		w.page(b, "/shop/?q=ada")
	}
}
