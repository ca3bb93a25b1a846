package argocd_test

import (
	"testing"
	"time"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

func TestSyncBlock(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	window := func(kind, schedule, duration string) *applicationpkg.ApplicationSyncWindow {
		return &applicationpkg.ApplicationSyncWindow{Kind: &kind, Schedule: &schedule, Duration: &duration}
	}
	deny, longer := window("deny", "0 8 * * *", "8h"), window("deny", "0 11 * * *", "7h")
	allow, later := window("allow", "0 22 * * *", "1h"), window("allow", "30 23 * * *", "1h")
	type windows = []*applicationpkg.ApplicationSyncWindow
	for _, tt := range []struct {
		name             string
		active, assigned windows
		want             staging.SyncBlock
	}{
		{"none", nil, nil, staging.SyncBlock{}},
		{"a deny window", windows{deny}, windows{deny}, staging.SyncBlock{Blocked: true, Until: now.Add(4 * time.Hour)}},
		{"two deny windows", windows{deny, longer}, windows{deny, longer, allow}, staging.SyncBlock{Blocked: true, Until: now.Add(6 * time.Hour)}},
		{"a deny window that is over", nil, windows{deny}, staging.SyncBlock{}},
		{"an allow window", windows{allow}, windows{allow}, staging.SyncBlock{}},
		{"allow windows that begin later", nil, windows{later, allow}, staging.SyncBlock{Blocked: true, Until: now.Add(10 * time.Hour)}},
		{"a window that nobody can parse", windows{window("deny", "every day", "8h")}, nil, staging.SyncBlock{Blocked: true}},
	} {
		got := argocd.SyncBlockOf(&applicationpkg.ApplicationSyncWindowsResponse{ActiveWindows: tt.active, AssignedWindows: tt.assigned}, now)
		if !got.Until.Equal(tt.want.Until) || got.Blocked != tt.want.Blocked {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
