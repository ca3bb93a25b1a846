package httpapi

import (
	"context"
	"time"

	"octopod/generator/project"
)

// Caller is who the server takes the caller of a request for.
type Caller struct {
	Name    string   `json:"name"`
	Email   string   `json:"email,omitempty"`
	Subject string   `json:"subject,omitempty" doc:"The permanent identifier at the provider"`
	Groups  []string `json:"groups,omitempty"`
	Method  string   `json:"method" doc:"How the caller signed in: none, session, token, ci, header"`
	// When the caller must authenticate again.
	Expires  *time.Time   `json:"expires,omitempty"`
	Projects []callerRole `json:"projects"`
}

// callerRole is the role of the caller in a project.
type callerRole struct {
	Name string       `json:"name"`
	Role project.Role `json:"role"`
}

func (s *server) whoami(ctx context.Context, _ *struct{}) (*response[Caller], error) {
	caller := Caller{Method: "none"}
	if s.Caller != nil {
		caller = s.Caller(ctx)
	}
	caller.Projects = []callerRole{}
	for _, name := range s.Projects.Names(ctx) {
		a, err := s.open(ctx, name)
		if err != nil {
			continue // it cannot be read at present: the others are still true
		}
		if role, err := a.Role(ctx); err == nil {
			caller.Projects = append(caller.Projects, callerRole{name, role})
		}
	}
	return respond(s, ctx, caller, nil)
}
