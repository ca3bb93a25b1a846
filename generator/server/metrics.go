package server

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"octopod/generator/gitstore"
	"octopod/generator/lifecycle"
	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// metrics are the Prometheus metrics of the server. No label holds the name of a
// staging, because every branch would add a series.
type metrics struct {
	registry      *prometheus.Registry
	requests      *prometheus.HistogramVec
	refused       *prometheus.CounterVec
	sweeps        *prometheus.CounterVec
	expiring      *prometheus.GaugeVec
	held          *prometheus.GaugeVec
	orphans       *prometheus.GaugeVec
	deploys       *prometheus.CounterVec
	steps         *prometheus.HistogramVec
	pushes        *prometheus.CounterVec
	batches       *prometheus.HistogramVec
	argoCD        *prometheus.HistogramVec
	notifications *prometheus.CounterVec
	configReads   *prometheus.CounterVec
}

func newMetrics(version string) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.requests = m.histogram("http_request_seconds", "How long requests took, streams included.", shortTimes(), "route", "code")
	m.refused = m.counter("refused_total", "Requests that were refused, as in the audit log.", "code")
	m.sweeps = m.counter("sweeps_total",
		"Sweeps by this server: done, partly (something was held back, could not be reached or could not be changed) or failed.", "project", "result")
	m.expiring = m.gauge("expiring_stagings", "Stagings that will soon be archived or deleted, as of the last sweep.", "project")
	m.held = m.gauge("held_stagings", "Stagings that the last sweep held back, because too many were due at once.", "project")
	m.orphans = m.gauge("orphans", "Stagings that exist in the env repo or in Argo CD, but not in both, as of the last sweep.", "project")
	m.deploys = m.counter("deploys_total", "Changes of stagings by how they ended in the cluster: running, failed or degraded.", "project", "result")
	m.steps = m.histogram("deploy_step_seconds", "How long a change took from the commit until Argo CD saw it (seen), applied it (synced), "+
		"and everything ran (running), each from the step before; and all of it (all).", longTimes(), "project", "step")
	m.pushes = m.counter("git_pushes_total", "Pushes to the env repo: landed, rejected and retried because another writer was first, or failed.", "repository", "result")
	m.batches = m.histogram("git_batch_size", "Commits in one push that landed.", []float64{1, 2, 4, 8, 16, 32, 64}, "repository")
	m.argoCD = m.histogram("argocd_request_seconds", "How long Argo CD took to answer, retries included.", shortTimes(), "method", "code")
	m.notifications = m.counter("notifications_total", "Attempts to notify a sink or a forge, by outcome: sent, retried, given_up.", "to", "outcome")
	m.configReads = m.counter("config_reads_total", "How often the configuration was read again because it changed, by result: used or rejected.", "result")
	build := m.gauge("build_info", "Always 1; the label holds the version of the server.", "version")
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func shortTimes() []float64 { return []float64{.005, .025, .1, .25, 1, 2.5, 10, 60} }

func longTimes() []float64 { return []float64{.5, 1, 2, 5, 10, 30, 60, 180, 600} }

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

// Pushed counts one push to an env repo.
func (m *metrics) Pushed(repository string, p gitstore.Push) {
	m.pushes.WithLabelValues(repository, string(p.Outcome)).Inc()
	if p.Outcome == gitstore.Landed {
		m.batches.WithLabelValues(repository).Observe(float64(p.Edits))
	}
}

// ArgoCDCalled measures one call of Argo CD.
func (m *metrics) ArgoCDCalled(method, code string, took time.Duration) {
	m.argoCD.WithLabelValues(method, code).Observe(took.Seconds())
}

// notified counts one attempt to notify a sink or a forge.
func (m *metrics) notified(to string, o notify.Outcome) {
	m.notifications.WithLabelValues(to, string(o)).Inc()
}

// swept counts one sweep of this server.
func (m *metrics) swept(name string, r lifecycle.SweepResult, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	} else if r.Incomplete() != "" {
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

// serve serves /metrics, and nothing else, until ctx ends.
func (m *metrics) serve(ctx context.Context, listener net.Listener) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.handler())
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	_ = server.Serve(listener) // it ends with ctx
}

// watchServer adds the metrics that are read from the feeds and the settings when Prometheus
// scrapes.
func (m *metrics) watchServer(h *projectSet, settings func() (inForce bool, since time.Time)) {
	m.registry.MustRegister(&serverMetrics{h, settings})
}

// serverMetrics collects metrics from the feeds of all projects, and from the settings.
type serverMetrics struct {
	*projectSet
	settings func() (inForce bool, since time.Time)
}

var (
	stagingsDesc   = prometheus.NewDesc("octopod_stagings", "Stagings by status.", []string{"project", "status"}, nil)
	argoDesc       = prometheus.NewDesc("octopod_argocd_up", "Whether Argo CD answers.", []string{"project"}, nil)
	checkDesc      = prometheus.NewDesc("octopod_argocd_check_age_seconds", "Time since Argo CD last compared any staging with git. Octopod refreshes one every minute.", []string{"project"}, nil)
	repoDesc       = prometheus.NewDesc("octopod_env_repo_up", "Whether the env repo can be read.", []string{"project"}, nil)
	waitingDesc    = prometheus.NewDesc("octopod_git_queue_depth", "Changes that wait for a push.", []string{"project"}, nil)
	unseenDesc     = prometheus.NewDesc("octopod_env_commit_unobserved_seconds", "Age of the oldest change that Argo CD has not seen yet; 0 when it has seen all.", []string{"project"}, nil)
	hooksDesc      = prometheus.NewDesc("octopod_webhooks_pending", "Webhook events that are not processed yet: queued, or waiting for an image or for a service that is down.", []string{"project", "state"}, nil)
	configDesc     = prometheus.NewDesc("octopod_config_up_to_date", "Whether the configuration and its secrets, as their files are now, are in force.", nil, nil)
	configTimeDesc = prometheus.NewDesc("octopod_config_read_timestamp_seconds", "When the configuration in force was read.", nil, nil)
	costDesc       = prometheus.NewDesc("octopod_cost_per_hour", "Price of an hour of all stagings of a team as they are now, in the currency of octopod.yaml; team is empty for stagings without one.", []string{"project", "team", "currency"}, nil)
	monthDesc      = prometheus.NewDesc("octopod_cost_month", "Cost of all stagings in this calendar month so far.", []string{"project", "currency"}, nil)
	budgetDesc     = prometheus.NewDesc("octopod_cost_budgets_exceeded", "Budgets that are exceeded, of the month and of single stagings.", []string{"project"}, nil)
	streamsDesc    = prometheus.NewDesc("octopod_event_streams", "Open event streams.", []string{"project"}, nil)
)

// Describe implements prometheus.Collector.
func (f *serverMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{stagingsDesc, argoDesc, checkDesc, repoDesc, waitingDesc, unseenDesc, hooksDesc, streamsDesc, configDesc, configTimeDesc, costDesc, monthDesc, budgetDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (f *serverMetrics) Collect(to chan<- prometheus.Metric) {
	inForce, since := f.settings()
	to <- gauge(configDesc, up(inForce))
	to <- gauge(configTimeDesc, float64(since.Unix()))
	for _, s := range f.all() {
		project := s.title()
		if project == "" {
			if s.unread.Load() != nil {
				to <- gauge(repoDesc, 0, s.label)
			}
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
		to <- gauge(repoDesc, up(fresh.EnvRepo.Err == nil), project)
		if !fresh.ArgoCD.At.IsZero() || fresh.ArgoCD.Err != nil {
			to <- gauge(argoDesc, up(fresh.ArgoCD.Err == nil), project)
			to <- gauge(unseenDesc, unseen(views, s.stagings.Now()).Seconds(), project)
		}
		if !fresh.Checked.IsZero() {
			to <- gauge(checkDesc, s.stagings.Now().Sub(fresh.Checked).Seconds(), project)
		}
		to <- gauge(waitingDesc, float64(s.stagings.Repo.QueueLength()), project)
		queued, waiting := s.follower.Pending()
		to <- gauge(hooksDesc, float64(queued), project, "queued")
		to <- gauge(hooksDesc, float64(waiting), project, "waiting")
		to <- gauge(streamsDesc, float64(s.feed.Subscribers()), project)
		s.collectCost(to, project)
	}
}

// unseen returns the age of the oldest change that Argo CD has not seen yet.
func unseen(views []*staging.View, now time.Time) (age time.Duration) {
	for _, v := range views {
		if t := v.Status.Timings; t.Committed != nil && t.Seen == nil {
			age = max(age, now.Sub(*t.Committed))
		}
	}
	return age
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
