package argocd

import (
	"context"
	"fmt"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"

	"octopod/generator/staging"
)

// Account is the name of Octopod's account in Argo CD.
const Account = "octopod"

// Permission is a permission that Octopod's account needs.
type Permission struct {
	Resource string // applications or applicationsets
	Action   string
	Why      string
}

// Permissions returns the permissions that Octopod needs. get includes the refresh of
// an Application. An upsert needs both create and update.
func Permissions() []Permission {
	return []Permission{
		{"applications", "get", "to read status and to refresh after a push"},
		{"applicationsets", "get", "to keep what others added to the ApplicationSet"},
		{"applicationsets", "create", "to refresh the ApplicationSet after a push"},
		{"applicationsets", "update", "to refresh the ApplicationSet after a push"},
	}
}

// Policy returns the RBAC policy that grants Octopod's account these permissions, for
// policy.csv in ConfigMap argocd-rbac-cm.
func Policy(argoProject string) string {
	var text string
	for _, p := range Permissions() {
		text += fmt.Sprintf("p, %s, %s, %s, %s/*, allow\n", Account, p.Resource, p.Action, argoProject)
	}
	return text
}

// MayTerminate reports whether the account may end a sync that hangs, an optional
// permission.
func (c *Client) MayTerminate(ctx context.Context) (bool, error) {
	return c.can(ctx, Permission{Resource: "applications", Action: "sync"})
}

// MissingPermissions returns the permissions that the account of the token lacks.
func (c *Client) MissingPermissions(ctx context.Context) ([]Permission, error) {
	var missing []Permission
	for _, p := range Permissions() {
		yes, err := c.can(ctx, p)
		if err != nil {
			return nil, err
		}
		if !yes {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

func (c *Client) can(ctx context.Context, p Permission) (bool, error) {
	answer, err := c.accounts.CanI(ctx, &accountpkg.CanIRequest{
		Resource: p.Resource, Action: p.Action, Subresource: c.options.Project + "/*",
	})
	if err != nil {
		return false, c.wrapError(ctx, "checking the permissions of the account", err)
	}
	return answer.GetValue() == "yes", nil
}

// checkReadAccess returns an error if the account may not read the Applications:
// Argo CD then returns an empty list, as for an empty project.
func (c *Client) checkReadAccess(ctx context.Context) error {
	yes, err := c.can(ctx, Permissions()[0])
	if err != nil || yes {
		return err
	}
	return staging.Errorf(staging.CodeForbidden, "the account of the token may not read the Applications of project %s", c.options.Project).OfForeign().
		WithHint("it needs this in ConfigMap argocd-rbac-cm, under policy.csv:\n%s", Policy(c.options.Project))
}
