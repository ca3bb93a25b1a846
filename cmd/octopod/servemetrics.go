package main

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"octopod/generator/staging"
)

// metrics are what the server tells a monitoring. No staging's name is in them:
// there would be a series for every branch that ever was.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	refused  *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "octopod_http_request_seconds", Help: "How long requests took, streams included.",
			Buckets: []float64{.005, .025, .1, .25, 1, 2.5, 10, 60},
		}, []string{"route", "code"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "octopod_refused_total", Help: "Attempts that were refused, as in the audit log.",
		}, []string{"code"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "octopod_build_info", Help: "Always 1; the label says which version runs.", ConstLabels: prometheus.Labels{"version": readVersion().Version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.refused, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
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
