//go:build cluster

package e2e_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// A person who has nothing but the page makes a staging, sees it come to run,
// changes a setting, takes that back, lets it sleep, wakes it and deletes it.
// What the page says is compared with the cluster each time.
func TestE2EPage(t *testing.T) {
	t.Parallel()
	s := newShop(t, "page")
	b := newBrowser(t, s.serve())

	b.open("/" + s.project + "/new")
	b.do(chromedp.SendKeys("#branch", "feature/login"))
	b.sees("the address while one types", `document.querySelector('#preview').innerText.includes('https://login.page.example.com')`)
	b.press("Create")
	b.reads("Created.")
	b.becomes("Running")
	s.hasImage("login", "main")
	var link string
	b.do(chromedp.AttributeValue("#status .links a.primary", "href", &link, nil))
	s.leadsTo(link, "login")

	b.press("Change settings")
	b.do(chromedp.WaitVisible("#f-LOG_LEVEL"), chromedp.SetValue("#f-LOG_LEVEL", "debug"))
	b.press("Save")
	b.reads("Saved.")
	s.untilSetting("login", "LOG_LEVEL", "debug")
	b.becomes("Running")
	b.press("Undo this change")
	b.reads("Undo this change of login?")
	b.press("Undo this change")
	b.reads("Undone.")
	s.untilSetting("login", "LOG_LEVEL", "info")
	b.becomes("Running")

	data, uid := s.writeData("login")
	b.press("Archive…")
	b.press("Archive")
	b.reads("Archived. It sleeps now")
	b.becomes("Archived")
	if pods := s.pods("login"); len(pods) > 0 {
		t.Errorf("the page says Archived and there are pods: %s", names(pods))
	}
	b.press("Wake up")
	b.press("Wake up")
	b.reads("It is waking up.")
	b.becomes("Running")
	s.hasImage("login", "main")
	s.hasData("login", data, uid)

	b.press("Delete…")
	b.do(chromedp.SendKeys("#confirm", "login"))
	b.press("Delete for good")
	b.reads("Deleted.")
	s.until("nothing is left of login", func() (string, bool) { left := s.left("login"); return left, left == "" })
	b.open("/" + s.project + "/")
	b.sees("login is not in the list", `!document.querySelector('#s-login')`)
}

// leadsTo checks that an address is answered in the cluster, by a staging.
func (s *shop) leadsTo(link, name string) {
	s.t.Helper()
	address, err := url.Parse(link)
	if err != nil {
		s.t.Fatal(err)
	}
	var list networkingv1.IngressList
	s.list("/apis/networking.k8s.io/v1/namespaces/"+s.namespace(name)+"/ingresses", &list)
	var hosts []string
	for _, ingress := range list.Items {
		for _, rule := range ingress.Spec.Rules {
			hosts = append(hosts, rule.Host)
			if rule.Host == address.Host && len(ingress.Status.LoadBalancer.Ingress) > 0 {
				return
			}
		}
	}
	s.t.Errorf("nothing answers %s in the cluster; there are %q", link, hosts)
}

// untilSetting waits until the application in the cluster is given a value, and
// no other one.
func (s *shop) untilSetting(name, key, want string) {
	s.t.Helper()
	s.until(key+" is "+want, func() (string, bool) {
		var list corev1.ConfigMapList
		s.list("/api/v1/namespaces/"+s.namespace(name)+"/configmaps", &list)
		var values []string
		for _, m := range list.Items {
			if value, there := m.Data[key]; there {
				values = append(values, value)
			}
		}
		return fmt.Sprint(values), strings.Join(values, " ") == want
	})
}
