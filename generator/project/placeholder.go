package project

import (
	"fmt"
	"regexp"
	"strings"

	"octopod/generator/staging"
)

// placeholders returns what texts of octopod.yaml may contain for a staging, each followed
// by its value.
func (p *Project) placeholders(s staging.Staging) []string {
	pairs := []string{"{project}", p.Metadata.Name, "{name}", s.Name, "{namespace}", p.Namespace(s.Name), "{branch}", s.Spec.Branch}
	for _, service := range p.ServiceNames() {
		pairs = append(pairs, "{host."+service+"}", p.Host(service, s.Name), "{url."+service+"}", p.URL(service, s.Name))
	}
	return pairs
}

// defaultOf returns the default of a parameter in a staging. A staging without a name is not
// created yet, so its default keeps the placeholders.
func (p *Project) defaultOf(s staging.Staging, parameter Parameter) any {
	text, isText := parameter.Default.(string)
	if !isText || parameter.Type != TypeString || s.Name == "" || !strings.Contains(text, "{") {
		return parameter.Default
	}
	return strings.NewReplacer(p.placeholders(s)...).Replace(text)
}

// addressPlaceholder matches the placeholder of an address.
var addressPlaceholder = regexp.MustCompile(`\{(?:host|url)\.([^{}]*)\}`)

// checkDefault checks a default as a sample staging has it.
func (p *Project) checkDefault(parameter Parameter) error {
	if text, isText := parameter.Default.(string); isText && parameter.Type == TypeString {
		for _, m := range addressPlaceholder.FindAllStringSubmatch(text, -1) {
			if p.Spec.Services[m[1]].Host == "" {
				return fmt.Errorf("%s has no value: there is no service %q with a host", m[0], m[1])
			}
		}
	}
	sample := staging.Staging{Name: "sample"}
	sample.Spec.Branch = "feature/sample"
	return parameter.Check(p.defaultOf(sample, parameter))
}
