package check

import (
	"slices"
	"strings"
)

// routeMatch parses a Traefik rule to decide whether it matches only the hosts of
// the staging. Its methods follow the grammar; each reports whether the expression
// it parsed is bound to these hosts. An unknown expression is unbound.
// https://doc.traefik.io/traefik/routing/routers/#rule
type routeMatch struct {
	rest   string
	hosts  []string
	broken bool
}

// or is bound if all of its alternatives are.
func (m *routeMatch) or(depth int) bool {
	bound := m.and(depth)
	for m.accept("||") {
		right := m.and(depth)
		bound = bound && right
	}
	return bound
}

// and is bound if one of its parts is.
func (m *routeMatch) and(depth int) bool {
	bound := m.unary(depth)
	for m.accept("&&") {
		right := m.unary(depth)
		bound = bound || right
	}
	return bound
}

func (m *routeMatch) unary(depth int) bool {
	const deepest = 100
	switch {
	case depth > deepest || m.broken:
		m.broken = true
		return false
	case m.accept("!"):
		m.unary(depth + 1)
		return false // a negation is unbound
	case m.accept("("):
		bound := m.or(depth + 1)
		m.broken = m.broken || !m.accept(")")
		return bound
	}
	return m.call()
}

// call parses Name(`a`, `b`); Host and HostSNI are bound if all their arguments are
// hosts of the staging.
func (m *routeMatch) call() bool {
	name, rest, found := strings.Cut(strings.TrimLeft(m.rest, " \t\r\n"), "(")
	m.rest = rest
	if !found {
		m.broken = true
		return false
	}
	bound := true
	for {
		host, ok := m.quoted()
		if !ok {
			m.broken = true
			return false
		}
		bound = bound && slices.Contains(m.hosts, host)
		if !m.accept(",") {
			break
		}
	}
	m.broken = m.broken || !m.accept(")")
	name = strings.TrimSpace(name)
	return bound && (name == "Host" || name == "HostSNI")
}

func (m *routeMatch) quoted() (string, bool) {
	s := strings.TrimLeft(m.rest, " \t\r\n")
	if s == "" || !strings.ContainsRune("`\"'", rune(s[0])) {
		return "", false
	}
	value, rest, found := strings.Cut(s[1:], s[:1])
	m.rest = rest
	return value, found
}

// accept consumes a token if it is next.
func (m *routeMatch) accept(sign string) bool {
	rest, found := strings.CutPrefix(strings.TrimLeft(m.rest, " \t\r\n"), sign)
	if found {
		m.rest = rest
	}
	return found
}
