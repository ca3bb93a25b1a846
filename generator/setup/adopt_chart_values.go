package setup

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/project/adopt"
	"octopod/generator/staging"
)

// imageValues returns the path in the values to the image of each service that one sets. It
// renders the chart with another image to be sure.
func (s *Setup) imageValues(ctx context.Context, c importedChart, draft adopt.Draft) map[string]string {
	found := map[string]string{}
	for _, service := range slices.Sorted(maps.Keys(draft.Services)) {
		image := staging.ImageName(draft.Services[service].Image)
		other := "registry.example.com/" + change.TrialName + "/" + service + ":1"
		for _, at := range adopt.ImagePathsOf(c.values, image) {
			tried := c.chart
			tried.Images = []staging.ChartImage{{Service: service, Path: at, Reference: other}}
			objects, err := s.renderTried(ctx, c, tried)
			if err == nil && runs(objects, other) && !runs(objects, image) {
				found[service] = at
				break
			}
		}
	}
	return found
}

// useReplicaValues lets the parameters of replicas set the value that the chart has for them.
// It renders the chart with other replicas to be sure.
func (s *Setup) useReplicaValues(ctx context.Context, c importedChart, draft adopt.Draft) []string {
	const other = 7
	var used []string
	for _, name := range slices.Sorted(maps.Keys(draft.Parameters)) {
		parameter := draft.Parameters[name]
		for _, at := range adopt.ReplicaPathsOf(c.values) {
			if parameter.To.Replicas == "" {
				break
			}
			tried := c.chart
			tried.Set = []staging.ChartValue{{Path: at, Value: other}}
			objects, err := s.renderTried(ctx, c, tried)
			if err == nil && slices.Equal(withReplicas(objects, other), []string{parameter.To.Replicas}) {
				parameter.To = project.Target{Value: at}
				draft.Parameters[name] = parameter
				used = append(used, at)
			}
		}
	}
	return used
}

func (s *Setup) renderTried(ctx context.Context, c importedChart, tried staging.Chart) ([]staging.Object, error) {
	rendered, err := s.Renderer.RenderChart(ctx, newMemoryFS(c.files), tried)
	return rendered.Objects, err
}

// runs reports whether a container runs an image, given with or without its tag.
func runs(objects []staging.Object, image string) bool {
	named := regexp.MustCompile(fmt.Sprintf(`"image":"%s[":@]`, regexp.QuoteMeta(image)))
	return slices.ContainsFunc(objects, func(o staging.Object) bool { return named.Match(o.JSON) })
}

// withReplicas returns the names of the objects with a number of replicas.
func withReplicas(objects []staging.Object, count int) []string {
	var names []string
	for _, o := range objects {
		if strings.Contains(string(o.JSON), fmt.Sprintf(`"replicas":%d`, count)) {
			names = append(names, o.Name)
		}
	}
	return names
}
