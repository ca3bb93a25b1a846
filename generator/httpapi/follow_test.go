package httpapi_test

import (
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Deliveries are for admins; explanations are for every role that sees branches and
// history.
func TestWhoSeesWhatWebhooksTold(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	for _, tt := range []struct {
		role       project.Role
		deliveries staging.Code
	}{
		{project.RoleAdmin, ""}, {project.RoleUser, staging.CodeForbidden}, {project.RoleViewer, staging.CodeForbidden},
	} {
		w.as(tt.role)
		if _, err := w.client().Deliveries(t.Context()); err != nil && staging.CodeOf(err) != tt.deliveries || err == nil && tt.deliveries != "" {
			t.Errorf("%s, deliveries: %v", tt.role, err)
		}
		e, err := w.client().Explain(t.Context(), "feature/login")
		if err != nil || !e.Exists || e.Staging != "login" || len(e.Facts) == 0 {
			t.Errorf("%s, explain: %+v, %v", tt.role, e, err)
		}
	}
}
