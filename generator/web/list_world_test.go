package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"octopod/generator/envrepo"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// fiveServices adds services and settings to the sample project, as a real product has
// them.
func fiveServices(text string) string {
	services := ""
	for _, s := range [][2]string{{"checkout", "Checkout"}, {"backoffice", "Back office"}, {"search", "Search"}} {
		services += fmt.Sprintf("    %[1]s:\n      title: %[2]s\n      repository: github.com/acme/shop-%[1]s\n      image: registry.example.com/shop/%[1]s:main\n      host: %[1]s-{name}\n", s[0], s[1])
	}
	return moreSettings(strings.Replace(text, "  parameters:\n", services+"  parameters:\n", 1))
}

// moreSettings adds settings to the sample project, one of them risky.
func moreSettings(text string) string {
	settings := ""
	for i, name := range []string{"FEATURE_GUEST_CHECKOUT", "FEATURE_GIFT_CARDS", "TRACE_SAMPLING", "SEARCH_BACKEND", "MAIL_SENDER", "CACHE_SECONDS", "BANNER_TEXT", "CURRENCY"} {
		settings += fmt.Sprintf("    %s:\n      group: %s\n      default: \"%d\"\n      help: A setting of the shop.\n", name, []string{"Features", "Diagnosis"}[i%2], i)
	}
	text = strings.Replace(text, "  parameters:\n", "  parameters:\n"+settings, 1)
	return strings.Replace(text, "      allowed: [sandbox, production]\n", "      allowed: [sandbox, production]\n      risky: [production]\n      title: Payments\n", 1)
}

var authors = []struct{ login, name string }{
	{"lwisniewski", "Łukasz Wiśniewski"}, {"ana", "Ana Sofía Ruiz"}, {"tanaka", "田中 花子"}, {"hannah", "Hannah Weber"}, {"pat", "Pat Meyer"},
}

var topics = []string{
	"Gift cards: redeem a partial balance", "Express delivery at checkout", "Cookie banner, third version", "Search as you type", "Round prices in the cart",
	"Guest checkout for the spring campaign of the northern countries", "Dark mode of the back office", "Refunds by the warehouse",
}

// market returns a world of running stagings with five services, by several people.
// edit changes a record before it is committed.
func market(t testing.TB, count int, edit func(i int, s *staging.Staging)) *world {
	t.Helper()
	w := newWorld(t, fiveServices)
	var files []staging.File
	began := time.Now().UTC().Truncate(time.Second)
	for i := range count {
		s := marketStaging(i, began)
		if edit != nil {
			edit(i, &s)
		}
		record, err := envrepo.Record(s)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, record)
	}
	_, err := w.repo.Change(t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) {
		return envrepo.Edit{Verb: "edit", By: ada.Person, Write: files}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.catchUp()
	events, err := w.Activity(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		s := marketStaging(i, began)
		var images []string
		for _, service := range s.Spec.Services {
			images = append(images, service.Image)
		}
		w.argo.SetRunning(s.Name, events[0].Revision, events[0].At, images...)
	}
	if count > 0 {
		last := marketStaging(count-1, began).Name
		testenv.Eventually(t, "all stagings run", func() (*staging.View, bool) {
			v := w.feed.View(last)
			return v, v != nil && (v.Status.Phase == staging.PhaseRunning || v.Spec.State == staging.Archived)
		})
	}
	return w
}

func marketStaging(i int, at time.Time) staging.Staging {
	author, topic := authors[i%len(authors)], topics[i%len(topics)]
	branch := fmt.Sprintf("feature/SHOP-%d-%s", 1400+i, strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(topic)))
	s := staging.Staging{Name: fmt.Sprintf("shop-%d-work", 1400+i), Title: topic, Spec: staging.Spec{
		Branch: branch, State: staging.Active, Created: staging.Attribution{At: at.Add(-time.Duration(i*i) * time.Minute), By: author.login},
		PullRequest: &staging.PullRequest{Number: i + 1, URL: fmt.Sprintf("https://github.com/acme/shop-frontend/pull/%d", i+1), Title: topic, Author: author.login},
		Services:    map[string]staging.Service{},
	}}
	ends := at.Add(time.Duration(i%15) * 24 * time.Hour)
	s.Spec.Expires = &ends
	for j, name := range []string{"backend", "frontend", "checkout", "backoffice", "search"} {
		service := staging.Service{Image: "registry.example.com/shop/" + name + ":main", From: staging.FromDefault}
		if (i+j)%3 == 0 {
			service = staging.Service{Image: fmt.Sprintf("registry.example.com/shop/%s:%07x", name, (i+1)*7919*(j+3)), From: staging.FromBranch}
		}
		s.Spec.Services[name] = service
	}
	switch i % 4 {
	case 0:
		s.Spec.Overrides.App = staging.Values{"LOG_LEVEL": "debug", "FEATURE_GIFT_CARDS": "on", "PAYMENT_GATEWAY": "production", "CURRENCY": "PLN"}
	case 1:
		s.Spec.Overrides.App = staging.Values{"BANNER_TEXT": "Spring is coming, and so is a long text in a banner"}
	}
	return s
}

// fragment gets a part of a page, as the script does.
func (p *person) fragment(path string) *answer {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("HX-Request", "true")
	return p.send(request)
}
