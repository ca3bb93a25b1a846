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

// inferServices returns the service of each image without SERVICE=: the one that is built in
// the repository or has such images.
func inferServices(ctx context.Context, cmd *cobra.Command, from finder, images []string, repository string) ([]string, error) {
	p, err := from.Project(ctx)
	if err != nil {
		return nil, err
	}
	var services []string
	for _, given := range images {
		_, image, bare := splitService(given)
		if !bare {
			continue
		}
		candidates := p.ServicesOf(repository, image)
		if len(candidates) != 1 {
			return nil, usage(cmd, "--image needs --service: choose %s", strings.Join(candidates, ", "))
		}
		services = append(services, candidates[0])
	}
	return services, nil
}

// bareValue returns the value of a flag that has no SERVICE=; "" without one.
func bareValue(values []string) string {
	for _, given := range values {
		if _, value, bare := splitService(given); bare {
			return value
		}
	}
	return ""
}
