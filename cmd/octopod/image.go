package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// splitService parses [SERVICE=]VALUE. An image reference contains no "=".
func splitService(given string) (service, value string, bare bool) {
	if service, value, ok := strings.Cut(given, "="); ok {
		return service, value, false
	}
	return "", given, true
}

func needsService(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return !strings.Contains(v, "=") })
}

// perService returns values by service. A value without SERVICE= belongs to the
// next --service.
func perService(cmd *cobra.Command, flag string, values, services []string) (map[string]string, error) {
	pairs, bare := map[string]string{}, 0
	for _, given := range values {
		service, value, isBare := splitService(given)
		if isBare {
			if bare >= len(services) {
				return nil, usage(cmd, "%s %s has no service: write %s SERVICE=%s", flag, value, flag, value)
			}
			service = services[bare]
			bare++
		}
		if _, twice := pairs[service]; twice {
			return nil, usage(cmd, "%s is given twice for service %s", flag, service)
		}
		pairs[service] = value
	}
	return pairs, nil
}

// onlyService returns the service of a project that has only one.
func onlyService(ctx context.Context, cmd *cobra.Command, from finder) (string, error) {
	p, err := from.Project(ctx)
	if err != nil {
		return "", err
	}
	names := p.ServiceNames()
	if len(names) != 1 {
		return "", usage(cmd, "--image needs --service: choose %s", strings.Join(names, ", "))
	}
	return names[0], nil
}
