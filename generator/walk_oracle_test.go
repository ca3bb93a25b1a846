package generator_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// oracle judges the commits of one project by their messages and by the objects that they
// change. It computes nothing as the verbs do.
type oracle struct {
	on     *fixture
	walk   *walk
	seen   string                     // the last judged commit
	ran    map[string]map[string]bool // by staging: the content of its files while it was active
	marks  map[string]string          // by mark: the settings that ran
	edited map[string]bool            // stagings whose files a person edited
	known  map[string][]staging.Object
	parsed map[string]*project.Project // by the hash of octopod.yaml
}

func newOracle(w *fixture, k *walk) *oracle {
	return &oracle{on: w, walk: k, seen: w.tip().Revision(), ran: map[string]map[string]bool{}, marks: map[string]string{},
		edited: map[string]bool{}, known: map[string][]staging.Object{}, parsed: map[string]*project.Project{}}
}

// message is what a commit says.
type message struct {
	revision, subject string
	verb              staging.Verb
	staging           string
	body              []string
}

func readMessage(e gitstore.HistoryEntry) message {
	m := message{revision: e.Revision.String()}
	m.subject, _, _ = strings.Cut(e.Message, "\n")
	for line := range strings.Lines(e.Message) {
		line = strings.TrimSpace(line)
		if verb, ok := strings.CutPrefix(line, "Octopod-Action: "); ok {
			m.verb = staging.Verb(verb)
		} else if name, ok := strings.CutPrefix(line, "Octopod-Staging: "); ok {
			m.staging = name
		} else {
			m.body = append(m.body, line)
		}
	}
	return m
}

// byHand reports whether a person made the commit.
func (m message) byHand() bool { return m.verb == "edit" }

// about returns the lines about a staging, and whether the commit says that it changes it.
func (m message) about(name string) (lines []string, said bool) {
	for _, line := range m.body {
		if own, ok := strings.CutPrefix(line, name+" follows, "); ok {
			lines, said = append(lines, own), true
		} else if own, ok := strings.CutPrefix(line, name+", pending changes: "); ok {
			lines = append(lines, "pending changes: "+own)
		} else if m.verb == change.MigrateSettings && strings.Contains(line, " is now ") {
			what, values, _ := strings.Cut(line, "=")
			lines = append(lines, what+": "+values)
		} else if m.staging == name || line == name {
			lines, said = append(lines, line), true
		}
	}
	return lines, said || m.staging == name || strings.HasSuffix(m.subject, " "+name) || strings.HasSuffix(m.subject, ": "+name)
}

// checkCommits judges the commits since the last call.
func (o *oracle) checkCommits() {
	var entries []gitstore.HistoryEntry
	err := o.on.tip().WalkHistory(o.on.t.Context(), func(e gitstore.HistoryEntry) bool {
		if e.Revision.String() == o.seen {
			return false
		}
		entries = append(entries, e)
		return true
	})
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	for _, e := range slices.Backward(entries) {
		o.check(readMessage(e), o.at(o.seen), o.at(e.Revision.String()))
		o.seen = e.Revision.String()
	}
	o.checkMarks()
}

func (o *oracle) at(revision string) *envrepo.Tree {
	tree, err := o.on.repo.At(o.on.t.Context(), revision)
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	return tree
}

// check judges one commit.
func (o *oracle) check(m message, before, after *envrepo.Tree) {
	names := map[string]bool{}
	for _, tree := range []*envrepo.Tree{before, after} {
		all, err := tree.Names()
		if err != nil {
			o.walk.fatalf("%v", err)
		}
		for _, name := range all {
			names[name] = true
		}
	}
	for name := range names {
		if !m.byHand() {
			o.checkStaging(m, name, before, after)
		}
		if o.key(before, name) != o.key(after, name) {
			o.checkHistory(m, name, before, after)
		}
		o.remember(name, after)
	}
}

// checkStaging judges what a commit of Octopod does to one staging.
func (o *oracle) checkStaging(m message, name string, before, after *envrepo.Tree) {
	lines, said := m.about(name)
	if !said && o.treeHash(before, name) != o.treeHash(after, name) {
		o.walk.fatalf("%q changes staging %s and does not say so", m.subject, name)
	}
	was, rendersBefore := o.objects(before, name)
	is, rendersAfter := o.objects(after, name)
	switch {
	case was == nil && rendersBefore || is == nil && rendersAfter: // created, deleted
	case m.verb == staging.Rollback && m.staging == name:
		o.checkRollback(m, name, after)
	case m.verb == staging.Regenerate && said:
		if s, err := before.Staging(name); err == nil && s.Spec.Pinned != nil && m.staging == "" {
			o.walk.fatalf("%q changes the pinned staging %s", m.subject, name)
		}
		delete(o.edited, name)
	case rendersBefore && rendersAfter && o.key(before, name) != o.key(after, name):
		o.checkUnsaid(m, name, lines, was, is)
	}
}

// checkUnsaid fails if objects change beyond what the lines say.
func (o *oracle) checkUnsaid(m message, name string, lines []string, was, is []staging.Object) {
	a, b := normal(lines, was), normal(lines, is)
	pending := pendingIn(lines)
	for _, key := range slices.Sorted(maps.Keys(union(a, b))) {
		if a[key] != b[key] && !slices.Contains(pending, key) {
			o.walk.fatalf("%q changes %s of %s and does not say so; it says:\n%s\nbefore: %s\nafter:  %s", m.subject, key, name, strings.Join(m.body, "\n"), a[key], b[key])
		}
	}
	narrow := []staging.Verb{staging.Archive, staging.Restore, staging.Restart}
	if len(pending) > 0 && slices.Contains(narrow, m.verb) && !o.edited[name] {
		o.walk.fatalf("%q ships pending changes: %v", m.subject, pending)
	}
	if len(pending) > 0 && m.staging == name && !strings.Contains(m.subject, "with pending changes") {
		o.walk.fatalf("%q ships pending changes of %s, and its subject does not say so", m.subject, name)
	}
	if len(pending) > 0 {
		delete(o.edited, name)
	}
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func pendingIn(lines []string) []string {
	for _, line := range lines {
		if list, ok := strings.CutPrefix(line, "pending changes: "); ok {
			return strings.Split(strings.TrimPrefix(list, "– → "), ", ")
		}
	}
	return nil
}

var (
	hashInName = regexp.MustCompile(`-([2456789bcdfghkmt]{10}|[0-9a-f]{10})"`)
	scale      = regexp.MustCompile(`"(replicas|suspend)":(\d+|true|false),?`)
	restarts   = regexp.MustCompile(`"octopod.dev/restarts":"\d+",?`)
	memory     = regexp.MustCompile(`"memory":"[^"]*",?`)
)

// normal returns the objects by name, without what the lines of a message say.
func normal(lines []string, objects []staging.Object) map[string]string {
	texts := map[string]string{}
	for _, object := range objects {
		text := hashInName.ReplaceAllString(string(object.JSON), `"`)
		for _, line := range lines {
			if what, values, ok := strings.Cut(line, ": "); ok {
				text = withoutChange(text, what, values)
			}
		}
		texts[object.Kind+"/"+staging.StableName(object.Kind, object.Name)] = strings.ReplaceAll(text, ",}", "}")
	}
	return texts
}

// withoutChange removes from the text of an object what one line of a message says.
func withoutChange(text, what, values string) string {
	switch what {
	case "frontend", "backend":
		if from, to, ok := strings.Cut(values, " → "); ok && from != "–" {
			text = strings.ReplaceAll(text, from+`"`, to+`"`)
			return withoutEnv(text, "commit-"+what)
		}
	case "state", "backend.replicas", "frontend.replicas":
		return scale.ReplaceAllString(text, "")
	case "restarts":
		return restarts.ReplaceAllString(text, "")
	case "backend.memory":
		return memory.ReplaceAllString(text, "")
	case "presets":
		return withoutEnv(text, "PAYMENT_GATEWAY", "PAYMENT_URL", "LOG_LEVEL")
	case "PAYMENT_GATEWAY":
		return withoutEnv(text, what, "PAYMENT_URL")
	case "LOG_LEVEL", "LEGACY_FLAG":
		return withoutEnv(text, what)
	}
	return text
}

func withoutEnv(text string, names ...string) string {
	for _, name := range names {
		text = regexp.MustCompile(`"`+name+`":"[^"]*",?`).ReplaceAllString(text, "")
	}
	return text
}

// checkRollback fails if a rollback ends at images, settings or files that never ran. One
// to a revision may end at files of an archived staging.
func (o *oracle) checkRollback(m message, name string, after *envrepo.Tree) {
	is, err := after.Staging(name)
	if err != nil {
		o.walk.fatalf("%q: %v", m.subject, err)
	}
	if is.Spec.State == staging.Active && !o.ran[name][o.content(after, name)] {
		o.walk.fatalf("%q ends at files of %s that never ran", m.subject, name)
	}
	if !o.ran[name][running(is)] {
		o.walk.fatalf("%q ends at images and settings of %s that never ran: %s", m.subject, name, running(is))
	}
	delete(o.edited, name)
}

// running returns images and own settings of a record as text.
func running(s staging.Staging) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.Spec.Services)) {
		parts = append(parts, s.Spec.Services[name].Image)
	}
	return fmt.Sprint(parts, s.Spec.Overrides.App, s.Spec.Overrides.Deployment, s.Spec.Presets)
}

// checkHistory fails if a commit that changes the objects of a staging is not in its history.
func (o *oracle) checkHistory(m message, name string, before, after *envrepo.Tree) {
	was, rendersBefore := o.objects(before, name)
	is, rendersAfter := o.objects(after, name)
	if rendersBefore == rendersAfter && maps.Equal(normal(nil, was), normal(nil, is)) {
		return
	}
	events, err := o.on.History(o.on.t.Context(), staging.HistoryQuery{Name: name})
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	if !slices.ContainsFunc(events, func(e staging.Event) bool { return e.Revision == m.revision }) {
		o.walk.fatalf("%q changes the objects of %s and is not in its history", m.subject, name)
	}
}

// remember notes what runs after a commit.
func (o *oracle) remember(name string, tree *envrepo.Tree) {
	s, err := tree.Staging(name)
	if err != nil {
		return
	}
	if o.ran[name] == nil {
		o.ran[name] = map[string]bool{}
	}
	if s.Spec.State == staging.Active {
		o.ran[name][o.content(tree, name)], o.ran[name][running(s)] = true, true
	}
	if t := s.Spec.Tested; t != nil && o.marks[markKey(name, t)] == "" {
		o.marks[markKey(name, t)] = o.settings(tree, name, s)
	}
}

func markKey(name string, t *staging.Test) string { return name + t.At.String() + t.Note }

var logLevel = regexp.MustCompile(`"LOG_LEVEL":"[^"]*"`)

// settings returns what a tester sees of a staging: its versions and the level of its log.
func (o *oracle) settings(tree *envrepo.Tree, name string, s staging.Staging) string {
	objects, _ := o.objects(tree, name)
	text := fmt.Sprint(s.Spec.Versions())
	for _, object := range objects {
		text += logLevel.FindString(string(object.JSON))
	}
	return text
}

// checkMarks fails if a mark counts for other versions or settings than the tested ones.
func (o *oracle) checkMarks() {
	tree := o.on.tip()
	views, err := o.on.Find(o.on.t.Context(), staging.Query{Recorded: true})
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	for _, v := range views {
		name, t := v.Metadata.Name, v.Spec.Tested
		_, renders := o.objects(tree, name)
		if t == nil || !renders || o.edited[name] {
			continue
		}
		s, err := tree.Staging(name)
		if err != nil {
			continue
		}
		counts := v.Status.Tested == staging.TestStateTested || v.Status.Tested == staging.TestStateBroken
		if tested, runs := o.marks[markKey(name, t)], o.settings(tree, name, s); counts && tested != runs && !o.isPending(name) {
			o.walk.fatalf("the mark %s of %s counts for\n%s\nand was made at\n%s", t.Outcome, name, runs, tested)
		}
	}
}

// isPending reports whether octopod.yaml has a default that a staging does not run yet. A
// mark counts again, too early, when octopod.yaml returns to the default that was tested.
func (o *oracle) isPending(name string) bool {
	pending, _, err := o.on.PendingChanges(o.on.t.Context(), name)
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	return slices.Contains(pending, "ConfigMap/app-config")
}

// objects returns the objects of a staging at a tree, nil if it has none. renders is false
// while its template is broken.
func (o *oracle) objects(tree *envrepo.Tree, name string) (objects []staging.Object, renders bool) {
	if exists, err := tree.Has(name); err != nil || !exists {
		return nil, err == nil
	}
	key := o.key(tree, name)
	if objects, known := o.known[key]; known {
		return objects, objects != nil
	}
	objects, err := o.on.CommittedObjects(o.on.t.Context(), tree, o.projectAt(tree), name)
	if err != nil {
		objects = nil
	}
	o.known[key] = objects
	return objects, err == nil
}

// key is the same for trees that give a staging the same objects.
func (o *oracle) key(tree *envrepo.Tree, name string) string {
	if o.projectAt(tree).Spec.Output == project.OutputRendered {
		return name + o.content(tree, name)
	}
	inputs, err := tree.InputsHash(o.on.t.Context())
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	return name + inputs + o.content(tree, name)
}

func (o *oracle) projectAt(tree *envrepo.Tree) *project.Project {
	hash, err := tree.TreeHash(project.File)
	if p := o.parsed[hash]; err == nil && p != nil {
		return p
	}
	p, err := tree.Project()
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	o.parsed[hash] = p
	return p
}

func (o *oracle) content(tree *envrepo.Tree, name string) string {
	hash, err := tree.ContentHash(o.on.t.Context(), name)
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	return hash
}

func (o *oracle) treeHash(tree *envrepo.Tree, name string) string {
	hash, err := tree.TreeHash(staging.Dir(name))
	if err != nil {
		o.walk.fatalf("%v", err)
	}
	return hash
}

var hostOf = regexp.MustCompile(`"host":"([^"]+)"`)

// checkOwners fails if two stagings of any project own one host, namespace or Application.
func (k *walk) checkOwners() {
	owners := map[string]string{}
	own := func(thing, owner string) {
		if other := owners[thing]; other != "" && other != owner {
			k.fatalf("%s and %s both own %s", other, owner, thing)
		}
		owners[thing] = owner
	}
	for _, w := range k.projects {
		tree := w.tip()
		p := w.projectAt(tree)
		for _, name := range w.names() {
			owner := p.Metadata.Name + "/" + name
			own("namespace "+p.Namespace(name), owner)
			own("Application "+p.Application(name), owner)
			for _, service := range p.ServiceNames() {
				own("host "+p.Host(service, name), owner)
			}
			objects, _ := w.objects(tree, name)
			for _, object := range objects {
				for _, m := range hostOf.FindAllStringSubmatch(string(object.JSON), -1) {
					own("host "+m[1], owner)
				}
			}
		}
	}
}
