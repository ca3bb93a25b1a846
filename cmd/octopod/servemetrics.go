package main

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"octopod/generator"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// metrics are what the server tells a monitoring. No staging's name is in them:
// there would be a series for every branch that ever was.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	sweeps   *prometheus.CounterVec
	expiring *prometheus.GaugeVec
	held     *prometheus.GaugeVec
	orphans  *prometheus.GaugeVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.requests = m.histogram("http_request_seconds", "How long requests took, streams included.", shortTimes(), "route", "code")
	m.refused = m.counter("refused_total", "Attempts that were refused, as in the audit log.", "code")
	m.sweeps = m.counter("sweeps_total",
		"Sweeps by this server: done, partly (something was held back, not heard or could not be changed) or failed.", "project", "result")
	m.expiring = m.gauge("expiring_stagings", "Stagings of which the last sweep said that they will soon be archived or deleted.", "project")
	m.held = m.gauge("held_stagings", "Stagings that the last sweep held back: too many would have gone at once.", "project")
	m.orphans = m.gauge("orphans", "What only one of the env repo and Argo CD has, as of the last sweep.", "project")
	build := m.gauge("build_info", "Always 1; the label says which version runs.", "version")
	build.WithLabelValues(readVersion().Version).Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func shortTimes() []float64 { return []float64{.005, .025, .1, .25, 1, 2.5, 10, 60} }

// prefix begins the name of every metric.
const prefix = "octopod_"

func (m *metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// swept notes one sweep of this server.
func (m *metrics) swept(name string, r generator.SweepResult, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	} else if outcomeOf(r) != nil {
		result = "partly"
	}
	m.sweeps.WithLabelValues(name, result).Inc()
	if err != nil {
		return
	}
	m.expiring.WithLabelValues(name).Set(float64(r.Count(project.StepWarn)))
	m.held.WithLabelValues(name).Set(float64(r.Count(project.StepHold)))
	m.orphans.WithLabelValues(name).Set(float64(len(r.Orphans)))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// watch reads the feeds whenever somebody collects.
func (m *metrics) watch(h *house) { m.registry.MustRegister(&feedMetrics{h}) }

// feedMetrics tells what the feeds know.
type feedMetrics struct{ *house }

var (
	stagingsDesc = prometheus.NewDesc("octopod_stagings", "Stagings by what they are doing.", []string{"project", "status"}, nil)
	argoDesc     = prometheus.NewDesc("octopod_argocd_up", "Whether Argo CD tells how stagings are.", []string{"project"}, nil)
	repoDesc     = prometheus.NewDesc("octopod_env_repo_up", "Whether the env repo can be read.", []string{"project"}, nil)
	streamsDesc  = prometheus.NewDesc("octopod_event_streams", "Streams that follow the stagings.", []string{"project"}, nil)
)

// Describe is for prometheus.
func (f *feedMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{stagingsDesc, argoDesc, repoDesc, streamsDesc} {
		to <- d
	}
}

// Collect is for prometheus.
func (f *feedMetrics) Collect(to chan<- prometheus.Metric) {
	for _, s := range f.projects {
		project := s.title()
		if project == "" {
			continue
		}
		views, fresh := s.feed.Views()
		counts := map[string]int{}
		for _, v := range views {
			counts[string(cmp.Or(v.Status.Phase, staging.Phase(v.Spec.State)))]++
		}
		for status, n := range counts {
			to <- gauge(stagingsDesc, float64(n), project, status)
		}
		to <- gauge(repoDesc, up(fresh.EnvRepo.Fault == nil), project)
		if !fresh.ArgoCD.At.IsZero() || fresh.ArgoCD.Fault != nil {
			to <- gauge(argoDesc, up(fresh.ArgoCD.Fault == nil), project)
		}
		to <- gauge(streamsDesc, float64(s.feed.Subscribers()), project)
	}
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func up(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
