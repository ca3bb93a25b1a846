package web

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"octopod/generator/doctor"
	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// aboutPage shows the project as configured in octopod.yaml.
type aboutPage struct {
	frame
	Name      string
	Domain    string
	Services  []project.Service
	Groups    []settingGroup
	Presets   []presetDetail
	Links     []project.Link
	TTL       string
	Keeps     string
	Most      int
	Members   []membership
	Everyone  project.Role
	Findings  []finding // of octopod doctor; for admins
	Faults    []string  // in the files of the env repo
	Checked   bool
	CleanUp   *sweepReport // nil unless the viewer may sweep
	Maintains bool         // the viewer sees members, checks and webhooks
}

type presetDetail struct {
	Title      string // for people; the name without one
	Name, Help string
	Sets       []changedSetting
}

type membership struct {
	Role project.Role
	Who  []string
}

func (s *Server) about(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	p := req.project
	page := aboutPage{
		frame: s.frame(r, req, "Project", "about"), Name: p.Metadata.Name, Domain: p.Spec.Hosts.BaseDomain,
		TTL: wholeDays(p.Spec.Lifecycle.TTL), Keeps: wholeDays(p.Spec.Lifecycle.ArchiveRetention),
		Most: p.Spec.Lifecycle.MaxActive, Everyone: p.Spec.Access.Everyone,
	}
	if req.shows(project.SectionServices) {
		for _, name := range mainFirst(p) {
			service := p.Spec.Services[name]
			service.Repository = giturl.Redact(service.Repository)
			page.Services = append(page.Services, service)
		}
	}
	if req.shows(project.SectionSettings) {
		page.Groups, page.Presets = req.settingGroups(staging.Staging{}), presetDetails(p)
	}
	for _, l := range p.Spec.Links {
		if req.shows(project.SectionLinks) && req.role.Includes(l.Role) {
			page.Links = append(page.Links, l)
		}
	}
	if page.Maintains = req.maintains(); page.Maintains {
		page.Members = members(p.Spec.Access)
		page.CleanUp = req.sweepReport()
		if r.URL.Query().Has("check") {
			page.Findings, page.Faults, page.Checked = req.doctorFindings(r), req.lintFindings(r), true
		}
	}
	return s.pages.show(w, http.StatusOK, "about", page)
}

func wholeDays(d project.Duration) string {
	if d == 0 {
		return ""
	}
	return span(time.Duration(d))
}

func members(a project.Access) []membership {
	var all []membership
	for _, m := range []struct {
		role project.Role
		who  project.Members
	}{{project.RoleAdmin, a.Admins}, {project.RoleUser, a.Users}, {project.RoleViewer, a.Viewers}} {
		if !m.who.Empty() {
			all = append(all, membership{m.role, slices.Concat(m.who.Groups, m.who.Emails)})
		}
	}
	return all
}

func presetDetails(p *project.Project) []presetDetail {
	var all []presetDetail
	for _, name := range slices.Sorted(maps.Keys(p.Spec.Presets)) {
		detail := presetDetail{Name: name, Title: cmp.Or(p.Spec.Presets[name].Title, name), Help: p.Spec.Presets[name].Help}
		for _, values := range []staging.Values{p.Spec.Presets[name].Overrides.App, p.Spec.Presets[name].Overrides.Deployment} {
			for _, key := range slices.Sorted(maps.Keys(values)) {
				text := staging.RedactValue(key, staging.FormatValue(values[key]))
				detail.Sets = append(detail.Sets, changedSetting{Name: key, Title: cmp.Or(p.Spec.Parameters[key].Title, key), Value: text, Removed: values[key] == nil})
			}
		}
		all = append(all, detail)
	}
	return all
}

// finding is the result of one check of octopod doctor.
type finding struct {
	doctor.Finding
	Class cssClass
}

// doctorFindings returns the findings of octopod doctor.
func (req *projectRequest) doctorFindings(r *http.Request) []finding {
	findings, err := req.Diagnose(r.Context())
	if err != nil {
		return []finding{{doctor.Finding{Check: "doctor", Health: doctor.Fault, Message: messageOf(err)}, classBad}}
	}
	all := make([]finding, len(findings))
	for i, f := range findings {
		classes := map[doctor.Health]cssClass{doctor.OK: classGood, doctor.Warning: classUnknown, doctor.Fault: classBad, doctor.Unknown: classInactive}
		all[i] = finding{f, classes[f.Health]}
	}
	return all
}

// lintFindings returns the findings of octopod lint.
func (req *projectRequest) lintFindings(r *http.Request) (found []string) {
	problems, err := req.Lint(r.Context())
	if err != nil {
		return []string{sentence(messageOf(err))}
	}
	for _, p := range problems {
		found = append(found, p.String())
	}
	return found
}

// AllowedText lists the allowed values of a setting.
func (s setting) AllowedText() string { return strings.Join(s.Allowed, ", ") }
