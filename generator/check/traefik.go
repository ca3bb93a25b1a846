package check

import (
	"slices"
	"strings"
)

// matcher decides whether a Traefik rule can match the staging's own hosts
// only. Its methods follow the grammar; each tells whether what it read is
// bound to these hosts. What the grammar does not know counts as unbound.
// https://doc.traefik.io/traefik/routing/routers/#rule
type matcher struct {
	rest   string
	own    []string
	broken bool
}

// or is bound if all of its branches are.
func (m *matcher) or(depth int) bool {
	bound := m.and(depth)
	for m.take("||") {
		right := m.and(depth)
		bound = bound && right
	}
	return bound
}

// and is bound if one of its parts is.
func (m *matcher) and(depth int) bool {
	bound := m.unary(depth)
	for m.take("&&") {
		right := m.unary(depth)
		bound = bound || right
	}
	return bound
}

func (m *matcher) unary(depth int) bool {
	const deepest = 100
	switch {
	case depth > deepest || m.broken:
		m.broken = true
		return false
	case m.take("!"):
		m.unary(depth + 1)
		return false // everything but something: unbound
	case m.take("("):
		bound := m.or(depth + 1)
		m.broken = m.broken || !m.take(")")
		return bound
	}
	return m.call()
}

// call reads Name(`a`, `b`); Host and HostSNI are bound if all their arguments
// are the staging's hosts.
func (m *matcher) call() bool {
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
		bound = bound && slices.Contains(m.own, host)
		if !m.take(",") {
			break
		}
	}
	m.broken = m.broken || !m.take(")")
	name = strings.TrimSpace(name)
	return bound && (name == "Host" || name == "HostSNI")
}

func (m *matcher) quoted() (string, bool) {
	s := strings.TrimLeft(m.rest, " \t\r\n")
	if s == "" || !strings.ContainsRune("`\"'", rune(s[0])) {
		return "", false
	}
	value, rest, found := strings.Cut(s[1:], s[:1])
	m.rest = rest
	return value, found
}

// take reads a sign if it comes next.
func (m *matcher) take(sign string) bool {
	rest, found := strings.CutPrefix(strings.TrimLeft(m.rest, " \t\r\n"), sign)
	if found {
		m.rest = rest
	}
	return found
}
