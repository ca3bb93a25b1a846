package argocd

import (
	"context"
	"fmt"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"

	"octopod/generator/staging"
)

// Account is the name of Octopod's account in Argo CD.
const Account = "octopod"

// Permission is something that Octopod's account must be allowed.
type Permission struct {
	Resource string // applications or applicationsets
	Action   string
	Why      string
}

// Permissions is the least that Octopod needs. Asking Argo CD to refresh an
// Application is part of get. update goes with create, because an upsert is
// checked for both.
func Permissions() []Permission {
	return []Permission{
		{"applications", "get", "to read status and to refresh after a push"},
		{"applicationsets", "create", "to make Argo CD look for new and removed stagings"},
		{"applicationsets", "update", "to make Argo CD look for new and removed stagings"},
	}
}

// Policy is the RBAC policy that allows Octopod's account just that. It is
// for policy.csv of ConfigMap argocd-rbac-cm.
func Policy(argoProject string) string {
	var text string
	for _, p := range Permissions() {
		text += fmt.Sprintf("p, %s, %s, %s, %s/*, allow\n", Account, p.Resource, p.Action, argoProject)
	}
	return text
}

// MissingPermissions gives the permissions that the token's account lacks.
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
		return false, c.wrapError(ctx, "asking what the account may do", err)
	}
	return answer.GetValue() == "yes", nil
}

// checkReadAccess tells an empty project from one that must not be seen: Argo CD
// answers both with an empty list.
func (c *Client) checkReadAccess(ctx context.Context) error {
	yes, err := c.can(ctx, Permissions()[0])
	if err != nil || yes {
		return err
	}
	return staging.Errorf(staging.CodeForbidden, "the account of the token may not read the Applications of project %s", c.options.Project).
		WithHint("it needs this in ConfigMap argocd-rbac-cm, under policy.csv:\n%s", Policy(c.options.Project))
}
