package server

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"octopod/generator/doctor"
	"octopod/generator/envrepo"
	"octopod/generator/live"
	"octopod/generator/receiver"
)

// settings are a configuration with everything that it names, read and checked. Nothing of
// it is in use yet.
type settings struct {
	config   Config
	gate     *gate
	projects []*servedProject // of the configuration, in its order
	means    []*means         // of each project
	opened   []*servedProject // the projects that did not run before
}

// prepare reads what a configuration names. It keeps the projects that run already.
func (r *Server) prepare(ctx context.Context, config Config) (_ *settings, err error) {
	next := &settings{config: config}
	defer func() {
		if err != nil {
			next.discard()
		}
	}()
	if next.gate, err = r.newGate(config); err != nil {
		return nil, err
	}
	for _, c := range config.Projects {
		m, err := openMeans(config, c, r.options.Getenv)
		if err != nil {
			return nil, err
		}
		s := r.runningAt(c)
		if s == nil {
			if s, err = r.open(ctx, c, m); err != nil {
				return nil, err
			}
			next.opened = append(next.opened, s)
		}
		next.projects, next.means = append(next.projects, s), append(next.means, m)
	}
	return next, nil
}

// discard closes what was opened in vain.
func (n *settings) discard() {
	for _, s := range n.opened {
		s.close()
	}
}

// place is a project without what may change while it runs.
func (c ProjectConfig) place() ProjectConfig {
	c.Forges, c.Notify = nil, NotifyConfig{}
	if c.GitHubApp != nil {
		c.GitHubApp = &GitHubAppConfig{}
	}
	return c
}

// runningAt returns the project that runs with these settings, or waits to; nil if none does.
func (r *Server) runningAt(c ProjectConfig) *servedProject {
	for _, s := range r.all() {
		for _, one := range []*servedProject{s, r.successorOf(s)} {
			if one != nil && reflect.DeepEqual(one.place, c.place()) {
				return one
			}
		}
	}
	return nil
}

// open connects a project. It makes no request.
func (r *Server) open(ctx context.Context, c ProjectConfig, m *means) (*servedProject, error) {
	current := &currentMeans{}
	current.Store(m)
	opened, err := r.options.Open(ctx, c, current.forProject(c, r.metrics))
	if err != nil {
		if opened.Close != nil {
			_ = opened.Close()
		}
		return nil, err
	}
	s := r.newProject(opened, c, current)
	s.stagings.Served = func(ctx context.Context) map[string]*envrepo.Tree { return r.neighbors(ctx, s) }
	s.stagings.OfServer = r.settingsFindings
	return s, nil
}

// newProject returns a connected project with feed, webhook queue and branch cache.
func (r *Server) newProject(p Project, c ProjectConfig, m *currentMeans) *servedProject {
	feed, o := live.NewFeed(p.Stagings, r.now), r.options
	s := &servedProject{
		label: cmp.Or(c.Name, p.EnvRepo), repo: p.EnvRepo, argoCD: p.ArgoCD, branches: newBranchCache(p.Refs, o.Now, o.Log), stagings: p.Stagings, feed: feed, log: o.Log,
		follower: receiver.NewQueue(p.Stagings.Receiver, feed.QueueRefresh, o.Log),
		place:    c.place(), means: m, changed: make(chan struct{}),
		notifiers: newNotifiers(m, notifierOptions{Log: o.Log, Now: o.Now, Count: r.metrics.notified, Journal: p.Journal, Takeover: time.Duration(r.config.Takeover)}),
	}
	s.claim = func(name string) error { return r.claim(s, name) }
	s.retired, s.retire = context.WithCancel(context.Background())
	s.close = func() {
		if p.Close == nil {
			return
		}
		if err := p.Close(); err != nil {
			o.Log.Debug("closing a project", "project", s.label, "error", err)
		}
	}
	return s
}

// use puts settings in the place of the former ones.
func (r *Server) use(next *settings) {
	for i, s := range next.projects {
		s.means.Store(next.means[i])
		s.feed.SetPollInterval(time.Duration(next.config.Poll))
		s.sweeps.Store(&next.config.Sweep)
		s.renewed()
	}
	r.config = next.config
	retired := r.replaceProjects(next.projects)
	for _, s := range next.opened {
		r.start(s)
	}
	former := r.gate.Swap(next.gate)
	for _, s := range retired {
		s.retire()
	}
	if former != nil {
		former.end()
	}
}

// needsRestart lists the changed fields that a running server cannot change, and returns
// the configuration with their former values.
func (c Config) needsRestart(former Config) (_ Config, fields []string) {
	for _, f := range []struct {
		name    string
		to      *string
		inForce string
	}{{"listen", &c.Listen, former.Listen}, {"metrics", &c.Metrics, former.Metrics}, {"audit", &c.Audit, former.Audit}} {
		if *f.to != f.inForce {
			fields = append(fields, f.name)
			*f.to = f.inForce
		}
	}
	if c.Takeover != former.Takeover {
		c.Takeover, fields = former.Takeover, append(fields, "takeover")
	}
	return c, fields
}

// readResult is the result of reading the last changed configuration.
type readResult struct {
	since   time.Time // when the settings in force were read
	err     error     // why the changed configuration cannot be used
	restart []string  // changed fields that need a restart
}

// settingsNotes describe the changes that are not in force, for everybody: only the log
// names the fault.
func (r *Server) settingsNotes() []string {
	var notes []string
	state := r.state.Load()
	if state.err != nil {
		notes = append(notes, "the configuration of the server has changed and cannot be used; the one of "+state.since.UTC().Format("15:04 MST")+" is in force")
	}
	if len(state.restart) > 0 {
		notes = append(notes, "changed settings need a restart of the server: "+strings.Join(state.restart, ", "))
	}
	if slices.ContainsFunc(r.all(), func(s *servedProject) bool { return r.successorOf(s) != nil }) {
		notes = append(notes, "the env repo of a project cannot be read with its changed settings; the former ones are in force")
	}
	return notes
}

// settingsState reports whether the configuration is in force as it is now, and when the one
// in force was read.
func (r *Server) settingsState() (inForce bool, since time.Time) {
	return len(r.settingsNotes()) == 0, r.state.Load().since
}

// settingsFindings are the notes, for octopod doctor.
func (r *Server) settingsFindings() []doctor.Finding {
	var findings []doctor.Finding
	for _, note := range r.settingsNotes() {
		findings = append(findings, doctor.Finding{Check: "configuration of the server", Health: doctor.Warning, Message: note, Fix: "the log of the server names the fault"})
	}
	return findings
}
