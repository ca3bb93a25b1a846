package staging

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Difference is one change between two records, in words for people.
type Difference struct {
	What string `json:"what"` // backend, PAYMENT_GATEWAY, state
	// The staging, where a change of one staging changes another.
	Staging string `json:"staging,omitempty"`
	From    string `json:"from,omitempty"` // "" if it was added
	To      string `json:"to,omitempty"`   // "" if it was removed
}

// String formats the change: PAYMENT_GATEWAY: sandbox → production.
func (d Difference) String() string {
	return d.What + ": " + cmp.Or(d.From, "–") + " → " + cmp.Or(d.To, "–")
}

// grantedSuffix follows the name of a setting in a difference of its grant.
const grantedSuffix = " granted"

// OfGrant reports whether the difference is one of a grant.
func (d Difference) OfGrant() bool { return strings.HasSuffix(d.What, grantedSuffix) }

// Differences compares two records; nil means no record. It ignores times (created,
// expires): they follow from the other fields.
func Differences(before, after *Staging) []Difference {
	was, is := facts(before), facts(after)
	nameBuilds(was, is, before, after)
	var all []Difference
	for _, what := range slices.Sorted(maps.Keys(union(was, is))) {
		if was[what] != is[what] {
			all = append(all, Difference{What: what, From: was[what], To: is[what]})
		}
	}
	return all
}

// nameBuilds adds the commit of each service whose image stays and whose commit changes:
// a branch may build what is the default image already.
func nameBuilds(was, is map[string]string, before, after *Staging) {
	if before == nil || after == nil {
		return
	}
	for name, service := range after.Spec.Services {
		if old, ok := before.Spec.Services[name]; ok && old.Image == service.Image && old.Commit != service.Commit {
			was[name], is[name] = buildText(old), buildText(service)
		}
	}
}

func buildText(s Service) string {
	if s.Commit == "" {
		return s.Image
	}
	return s.Image + " of commit " + s.Commit
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// facts flattens the fields of a record that people care about.
func facts(s *Staging) map[string]string {
	facts := map[string]string{}
	if s == nil {
		return facts
	}
	put := func(what, value string) {
		if value != "" {
			facts[what] = value
		}
	}
	put("title", s.Title)
	put("branch", s.Spec.Branch)
	put("state", string(s.Spec.State))
	put("presets", strings.Join(s.Spec.Presets, ", "))
	for name, service := range s.Spec.Services {
		put(name, service.Image)
	}
	for _, values := range []Values{s.Spec.Overrides.App, s.Spec.Overrides.Deployment} {
		for name, value := range values {
			put(name, overrideText(value))
		}
	}
	for name, grant := range s.Spec.Granted {
		put(name+grantedSuffix, grant.String())
	}
	if s.Spec.Restarts > 0 {
		put("restarts", strconv.Itoa(s.Spec.Restarts))
	}
	if s.Spec.Pinned != nil {
		put("pinned", cmp.Or(s.Spec.Pinned.Reason, "by "+s.Spec.Pinned.By))
	}
	if s.Spec.Tested != nil {
		put("tested", s.Spec.Tested.String())
	}
	if s.Spec.Kept != nil {
		put("kept", s.Spec.Kept.Reason)
	}
	putData(put, s.Spec.Data())
	if s.Spec.BranchGone != nil {
		put("branch gone", "since "+s.Spec.BranchGone.UTC().Format(time.DateTime))
	}
	return facts
}

// putData adds the wanted data, in words that need no knowledge of databases.
func putData(put func(what, value string), d Database) {
	if d.From != "" {
		put("test data", d.From+" ("+strconv.Itoa(d.Number())+")")
	}
	for label, snapshot := range d.Snapshots {
		put("snapshot "+label, cmp.Or(snapshot.Note, "of "+snapshot.At.UTC().Format(time.DateTime)))
	}
	for service, hash := range d.Migrated {
		put("migrations of "+service, hash[:min(len(hash), 7)])
	}
}

func overrideText(v any) string {
	if v == nil {
		return "(absent)"
	}
	return cmp.Or(FormatValue(v), `""`)
}

// ImageName returns an image reference without its tag and digest.
func ImageName(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		return ref[:i]
	}
	return ref
}

// ImageTag returns the tag of an image reference, or else the first digits of its digest.
func ImageTag(ref string) string {
	tagged, digest, pinned := strings.Cut(ref, "@sha256:")
	if i := strings.LastIndex(tagged, ":"); i > strings.LastIndex(tagged, "/") {
		return tagged[i+1:]
	}
	if pinned {
		return digest[:min(len(digest), 7)]
	}
	return ref
}
