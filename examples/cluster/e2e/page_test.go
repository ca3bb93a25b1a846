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

	"octopod/generator/testenv"
	"octopod/generator/testenv/testbrowser"
)

// A user with only the web UI creates a staging, watches it start, changes a
// setting, undoes the change, and archives, restores and deletes the staging.
// Each time the test compares the page with the cluster.
func TestE2EPage(t *testing.T) {
	t.Parallel()
	s := newShop(t, "page")
	b := testbrowser.Start(t, s.serve())

	b.Open("/" + s.project + "/new")
	b.Do(chromedp.SendKeys("#branch", "feature/login"))
	b.WaitFor("the address while one types", `document.querySelector('#preview').innerText.includes('https://login.page.example.com')`)
	b.Press("Create")
	b.WaitText("Created.")
	becomes(t, b, "Running")
	s.hasImage("login", "main")
	var link string
	b.Do(chromedp.AttributeValue("#status .links a.primary", "href", &link, nil))
	s.leadsTo(link, "login")

	b.Press("Change settings")
	b.Do(chromedp.WaitVisible("#f-LOG_LEVEL"), chromedp.SetValue("#f-LOG_LEVEL", "debug"))
	b.Press("Save")
	b.WaitText("Saved.")
	s.untilSetting("login", "LOG_LEVEL", "debug")
	becomes(t, b, "Running")
	b.Press("Undo this change")
	b.WaitText("Undo this change of login?")
	b.Press("Undo this change")
	b.WaitText("Undone.")
	s.untilSetting("login", "LOG_LEVEL", "info")
	becomes(t, b, "Running")

	data, uid := s.writeData("login")
	b.Press("Archive…")
	b.Press("Archive")
	b.WaitText("Archived. “Restore” starts it again")
	becomes(t, b, "Archived")
	if pods := s.pods("login"); len(pods) > 0 {
		t.Errorf("the page says Archived and there are pods: %s", names(pods))
	}
	b.Press("Restore")
	b.Press("Restore")
	b.WaitText("Restoring.")
	becomes(t, b, "Running")
	s.hasImage("login", "main")
	s.hasData("login", data, uid)
	b.WaitFor("how long every version took", `[...document.querySelectorAll('.history li')].length >= 5 &&
		[...document.querySelectorAll('.history li')].every(li => /(ran|rolled out) after \d+ s/i.test(li.innerText))`)

	b.Press("Delete…")
	b.Do(chromedp.SendKeys("#confirm", "login"))
	b.Press("Delete forever")
	b.WaitText("Deleted.")
	testenv.Eventually(s.t, "nothing is left of login", func() (string, bool) { left := s.left("login"); return left, left == "" })
	b.Open("/" + s.project + "/")
	b.WaitFor("login is not in the list", `!document.querySelector('#s-login')`)
}

// becomes waits on the page of a staging until the page shows this status,
// without a reload.
func becomes(t testing.TB, b *testbrowser.Tab, word string) {
	t.Helper()
	b.Do(chromedp.Evaluate(`window.sameDocument = true`, nil))
	b.WaitFor("the staging is "+word, fmt.Sprintf(`document.querySelector('#status .state').innerText === %q`, word))
	if word == "Running" {
		b.WaitFor("how long that took", `/^ran after/i.test(document.querySelector('#outcome').innerText)`)
	}
	b.WaitFor("nothing was loaded anew", `window.sameDocument`)
}

// leadsTo checks that a staging in the cluster answers an address.
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

// untilSetting waits until the application in the cluster has a value, and only
// this one.
func (s *shop) untilSetting(name, key, want string) {
	s.t.Helper()
	testenv.Eventually(s.t, key+" is "+want, func() (string, bool) {
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
