package server

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/yaml"

	"octopod/generator/gitstore"
	"octopod/generator/notify"
	"octopod/generator/staging"
)

// exposed returns the labels of every metric of a server.
func exposed(t *testing.T) map[string][]string {
	t.Helper()
	m := newMetrics("test")
	build, err := m.registry.Gather() // what needs no event is there from the start
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{}
	for _, family := range build {
		labels[family.GetName()] = nil
		for _, l := range family.GetMetric()[0].GetLabel() {
			labels[family.GetName()] = append(labels[family.GetName()], l.GetName())
		}
	}
	descs := make(chan *prometheus.Desc, 100)
	for _, c := range []prometheus.Collector{
		m.requests, m.refused, m.sweeps, m.expiring, m.held, m.orphans, m.deploys, m.steps, m.pushes, m.batches, m.argoCD, m.notifications, m.configReads, &serverMetrics{},
	} {
		c.Describe(descs)
	}
	close(descs)
	reads := regexp.MustCompile(`fqName: "([a-z_]+)".* variableLabels: \{([a-z,]*)\}`)
	for d := range descs {
		found := reads.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("%s cannot be read", d)
		}
		labels[found[1]] = strings.Split(found[2], ",")
	}
	return labels
}

// labelValues are what a label may be, where an alert asks for one.
var labelValues = map[string][]string{
	"octopod_git_pushes_total result":     {string(gitstore.Landed), string(gitstore.Beaten), string(gitstore.Failed)},
	"octopod_notifications_total outcome": {string(notify.Sent), string(notify.Retried), string(notify.GivenUp)},
	"octopod_webhooks_pending state":      {"queued", "waiting"},
	"octopod_sweeps_total result":         {"done", "partly", "failed"},
	"octopod_deploys_total result": {
		"running", strings.ToLower(string(staging.PhaseFailed)), strings.ToLower(string(staging.PhaseDegraded)),
	},
}

// Alerts use existing metrics with existing labels and values: on others
// Prometheus would stay silent forever.
func TestAlertsAreAboutMetricsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("../../examples/install/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Spec struct {
			Groups []struct {
				Rules []struct {
					Alert, Expr         string
					Labels, Annotations map[string]string
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	metrics, seen := exposed(t), 0
	name := regexp.MustCompile(`\b(octopod_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher := regexp.MustCompile(`([a-z_]+)=~?"([^"]*)"`)
	for _, group := range file.Spec.Groups {
		for _, rule := range group.Rules {
			found := name.FindAllStringSubmatch(rule.Expr, -1)
			if len(found) == 0 || rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s is about nothing, or does not say what", rule.Alert)
			}
			kept := metrics[found[0][1]]
			for _, of := range found {
				seen++
				labels, there := metrics[of[1]]
				if !there {
					t.Errorf("%s: no server has %s", rule.Alert, of[1])
				}
				for _, m := range matcher.FindAllStringSubmatch(of[2], -1) {
					for _, value := range strings.Split(m[2], "|") {
						if !slices.Contains(labels, m[1]) || !slices.Contains(labelValues[of[1]+" "+m[1]], value) {
							t.Errorf("%s: %s is never %s=%q", rule.Alert, of[1], m[1], value)
						}
					}
				}
			}
			for _, m := range regexp.MustCompile(`\$labels\.([a-z_]+)`).FindAllStringSubmatch(rule.Annotations["summary"], -1) {
				if !slices.Contains(kept, m[1]) {
					t.Errorf("%s: there is no label %s to name", rule.Alert, m[1])
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d metrics were found", seen)
	}
	docs, err := os.ReadFile("../../docs/server.md")
	if err != nil {
		t.Fatal(err)
	}
	for metric, labels := range metrics {
		short, own := strings.CutPrefix(metric, prefix)
		if own && !strings.Contains(string(docs), "`"+strings.TrimSuffix(short+"{"+strings.Join(labels, ",")+"}", "{}")+"`") {
			t.Errorf("docs/server.md does not name %s{%s}", short, strings.Join(labels, ","))
		}
	}
}
