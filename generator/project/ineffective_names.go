package project

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// countedResource is the plural of a kind, as in count/deployments.apps.
var countedResource = regexp.MustCompile(`^[a-z]+s(\.[a-z0-9.-]+)?$`)

// checkNames reports names and patterns that match no branch or no staging.
func (p *Project) checkNames(c *problems) {
	for i, prefix := range p.Spec.Naming.StripPrefixes {
		p.checkPrefix(c, fmt.Sprintf("spec.naming.stripPrefixes[%d]", i), prefix, p.Spec.Naming.StripPrefixes[:i])
	}
	for i, name := range p.Spec.Naming.Reserved {
		field := fmt.Sprintf("spec.naming.reserved[%d]", i)
		switch {
		case strings.Contains(name, "*"):
			c.add(field, "%q is a pattern: write each name in full; a pattern would also reserve the names that Octopod derives instead", name)
		case !staging.IsLabel(name):
			c.add(field, "%q cannot be the name of a staging: write a name of lower-case letters, digits and dashes", name)
		}
	}
	checkBranchPatterns(c, "spec.branches.include", p.Spec.Branches.Include)
	checkBranchPatterns(c, "spec.branches.exclude", p.Spec.Branches.Exclude)
	for i, pattern := range p.Spec.Lifecycle.Permanent {
		p.checkNamePattern(c, fmt.Sprintf("spec.lifecycle.permanent[%d]", i), pattern)
	}
	for n, rule := range p.Spec.Notify {
		for i, pattern := range rule.Stagings {
			p.checkNamePattern(c, fmt.Sprintf("spec.notify[%d].stagings[%d]", n, i), pattern)
		}
	}
}

// checkPrefix reports a prefix that no branch has, or that an earlier one covers.
func (p *Project) checkPrefix(c *problems, field, prefix string, earlier []string) {
	switch {
	case prefix == "":
		c.add(field, "is empty: it matches every branch and removes nothing; remove it")
		return
	case strings.Contains(prefix, "*"):
		c.add(field, "%q is a pattern, and no branch begins with it: write the prefix itself, for example %q", prefix, strings.TrimRight(prefix, "*"))
		return
	case !canMatchBranch(prefix + "*"):
		c.add(field, "no branch begins with %q: write, for example, feature/", prefix)
		return
	}
	for _, other := range earlier {
		if other != "" && strings.HasPrefix(prefix, other) {
			c.add(field, "%q has no effect: the first match applies, and %q is before it; write the longer one first", prefix, other)
			return
		}
	}
}

// canMatchBranch reports whether any branch can match a pattern.
func canMatchBranch(pattern string) bool {
	sample := strings.ReplaceAll(pattern, "*", "x")
	branch, err := staging.ParseBranch(sample)
	return err == nil && branch == sample
}

// checkNamePattern reports a pattern that no name of a staging can match.
func (p *Project) checkNamePattern(c *problems, field, pattern string) {
	switch {
	case pattern == "":
		c.add(field, "is empty: write the name of a staging")
		return
	case staging.IsLabel(strings.ReplaceAll(pattern, "*", "x")):
		return
	}
	instead := "feature-*"
	if _, err := staging.ParseBranch(pattern); err == nil {
		instead = p.Naming().NameOf(pattern)
	}
	c.add(field, "%q matches no staging: write the name of the staging, not of its branch: %s", pattern, instead)
}

// placeholder is a word in braces, as in {name} and {host.backend}.
var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// checkPlaceholders reports placeholders in links that Octopod does not replace, and
// placeholders in values, where it replaces none.
func (p *Project) checkPlaceholders(c *problems) {
	known := p.linkPlaceholders()
	for i, link := range p.Spec.Links {
		for _, word := range placeholder.FindAllString(link.URL, -1) {
			p.checkLinkPlaceholder(c, fmt.Sprintf("spec.links[%d].url", i), word, known)
		}
	}
	for _, name := range p.ParameterNames() {
		parameter, field := p.Spec.Parameters[name], "spec.parameters."+name
		checkLiteral(c, field+".default", parameter.Default)
		for i, value := range parameter.Allowed {
			checkLiteral(c, fmt.Sprintf("%s.allowed[%d]", field, i), value)
		}
	}
	for _, name := range sortedKeys(p.Spec.Presets) {
		overrides, field := p.Spec.Presets[name].Overrides, "spec.presets."+name+".overrides"
		for _, setting := range sortedKeys(overrides.App) {
			checkLiteral(c, field+".app."+setting, overrides.App[setting])
		}
		for _, setting := range sortedKeys(overrides.Deployment) {
			checkLiteral(c, field+".deployment."+setting, overrides.Deployment[setting])
		}
	}
}

// linkPlaceholders lists the placeholders of links.
func (p *Project) linkPlaceholders() []string {
	known := []string{"{project}", "{name}", "{namespace}", "{branch}"}
	for _, service := range p.ServiceNames() {
		if p.Spec.Services[service].Host != "" {
			known = append(known, "{host."+service+"}")
		}
	}
	return known
}

func (p *Project) checkLinkPlaceholder(c *problems, field, word string, known []string) {
	if slices.Contains(known, word) {
		return
	}
	service := strings.TrimSuffix(strings.TrimPrefix(word, "{host."), "}")
	if _, declared := p.Spec.Services[service]; declared && strings.HasPrefix(word, "{host.") {
		c.add(field, "%s is empty: service %s has no host; add it in spec.services.%s.host, or remove the placeholder", word, service, service)
		return
	}
	c.add(field, "%s is not a placeholder, and users would see it in the link%s", word, suggest(word, known))
}

// literalPlaceholder matches the placeholders of links. A sentence may greet a {name}.
var literalPlaceholder = regexp.MustCompile(`\{(?:project|namespace|host\.[^{}]*)\}|^\S*\{(?:name|branch)\}\S*$`)

// checkLiteral reports a value with a placeholder.
func checkLiteral(c *problems, field string, value any) {
	if text, ok := value.(string); ok && literalPlaceholder.MatchString(text) {
		c.add(field, "%q: Octopod replaces no placeholders in values, and the application would read this text; compute the value in the template, which gets name, namespace and hosts of the staging", text)
	}
}

// checkBranchPatterns rejects patterns that match no branch.
func checkBranchPatterns(c *problems, field string, patterns []string) {
	for i, pattern := range patterns {
		if !canMatchBranch(pattern) {
			c.add(fmt.Sprintf("%s[%d]", field, i), "%q matches no branch: write a branch as `git branch` prints it; * matches any text: feature/*", pattern)
		}
	}
}
