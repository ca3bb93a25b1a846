package httpapi

import (
	"net/http"
	"strings"
	"time"

	"octopod/generator/live"
	"octopod/generator/rights"
)

// Headers of every answer that is read from a project.
const (
	headerAsOf       = "Octopod-As-Of"       // when the env repo was read last
	headerStale      = "Octopod-Stale"       // why it cannot be read since
	headerStaleSince = "Octopod-Stale-Since" // since when
)

// withFreshness adds how current the env repo is to the answers of reads.
func (s *server) withFreshness(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, Path+"/projects/")
		if name, _, _ := strings.Cut(rest, "/"); ok && name != "" && r.Method == http.MethodGet {
			if a, err := s.Projects.Access(r.Context(), name, rights.Actor{}); err == nil {
				if fresh, err := a.Freshness(r.Context()); err == nil {
					setFreshness(w.Header(), fresh.EnvRepo)
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

func setFreshness(h http.Header, repo live.SourceState) {
	if !repo.At.IsZero() {
		h.Set(headerAsOf, repo.At.UTC().Format(time.RFC3339))
	}
	if repo.Err != nil {
		h.Set(headerStale, strings.Join(strings.Fields(repo.Err.Error()), " "))
		h.Set(headerStaleSince, repo.Since.UTC().Format(time.RFC3339))
	}
}
