package gitstore_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// TestPrefetchIsOneRequest: files of many directories are fetched in one request,
// whichever of their directories are already cached.
func TestPrefetchIsOneRequest(t *testing.T) {
	const stagings = 20
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), stagings)
	var log bytes.Buffer
	s := open(t, gitstore.Options{
		URL:    testenv.ServeHTTP(t, filepath.Dir(repo)).URL + "/" + filepath.Base(repo),
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	tip, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"envs/nothing/staging.yaml", "templates/shop", "octopod.yaml"}
	for i := range stagings {
		paths = append(paths, "envs/"+testenv.StagingName(i)+"/staging.yaml")
	}
	for range 2 {
		log.Reset()
		if err := tip.Prefetch(t.Context(), paths...); err != nil {
			t.Fatal(err)
		}
		for _, path := range paths[2:] {
			if _, err := tip.ReadFile(path); err != nil {
				t.Error(err)
			}
		}
		if fetches := strings.Count(log.String(), "git request"); fetches > 1 {
			t.Errorf("%d requests:\n%s", fetches, log.String())
		}
	}
	if strings.Contains(log.String(), "git request") {
		t.Errorf("cached files are fetched again:\n%s", log.String())
	}
}
