package project

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"octopod/generator/staging"
)

// secretReference matches <name of the Secret>/<key>, by the rules of Kubernetes: a DNS
// subdomain and a config key.
var secretReference = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/[-._a-zA-Z0-9]{1,253}$`)

// Parse parses a typed value. The error is one sentence with the valid values.
func (p Parameter) Parse(text string) (any, error) {
	var value any = text
	switch p.Type {
	case TypeInteger:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", text)
		}
		value = n
	case TypeBoolean:
		switch text {
		case "true":
			value = true
		case "false":
			value = false
		default:
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
	case TypeEnum: // an allowed value may be a number: 2, not "2"
		if i := slices.IndexFunc(p.Allowed, func(a any) bool { return staging.FormatValue(a) == text }); i >= 0 {
			value = p.Allowed[i]
		}
	case TypeList:
		value = joinItems(splitItems(text))
	}
	return value, p.Check(value)
}

// Check returns an error if a value (string, int or bool; nil for absent) is not allowed.
// The error never contains the text of a secret.
func (p Parameter) Check(value any) error {
	if value == nil {
		return p.checkAbsent()
	}
	if err := p.checkType(value); err != nil {
		return err
	}
	if p.Type == TypeList {
		return p.checkItems(splitItems(staging.FormatValue(value)))
	}
	return p.checkOne(value)
}

// checkOne checks a single value, or an item of a list.
func (p Parameter) checkOne(value any) error {
	if len(p.Allowed) > 0 && !slices.Contains(p.Allowed, value) {
		return fmt.Errorf("%q is not allowed: choose %s", staging.FormatValue(value), choices(p.Allowed))
	}
	if n, ok := value.(int); ok {
		return p.checkRange(n)
	}
	s, ok := value.(string)
	switch {
	case ok && p.Type == TypeDecimal:
		return p.checkDecimalRange(s)
	case ok && p.Type != TypeSecret:
		return p.checkText(s)
	}
	return nil
}

// checkAbsent rejects the absence of a value that the deployment needs, such as a replica count.
func (p Parameter) checkAbsent() error {
	if p.Required {
		return fmt.Errorf("cannot be absent: it is required")
	}
	needed := func(t Target) bool { return t.Replicas != "" || t.Image != "" || t.Patch != nil }
	if p.Scope != ScopeApp || p.goesTo(needed) || p.Type == TypeSecret {
		return fmt.Errorf("cannot be absent: the deployment needs it")
	}
	return nil
}

func (p Parameter) checkType(value any) error {
	switch p.Type {
	case TypeInteger:
		if _, ok := value.(int); !ok {
			return fmt.Errorf("must be a whole number, not %s", describe(value))
		}
	case TypeBoolean:
		if _, ok := value.(bool); !ok {
			return fmt.Errorf("must be true or false, not %s", describe(value))
		}
	case TypeSecret:
		s, ok := value.(string)
		if !ok || !secretReference.MatchString(s) {
			return fmt.Errorf("must be a reference to a stored secret, <secret>/<key>, never the secret itself")
		}
	case TypeDecimal:
		if s, ok := value.(string); !ok || !decimal.MatchString(s) {
			return fmt.Errorf("%s is not a number: write 0.5", strconv.Quote(staging.FormatValue(value)))
		}
	case TypeDuration:
		return new(Duration).UnmarshalText([]byte(staging.FormatValue(value)))
	case TypeEnum: // any scalar; the allowed list decides
	default:
		if _, ok := value.(string); !ok {
			return fmt.Errorf("must be text, not %s: put it in quotes", describe(value))
		}
	}
	return nil
}

func (p Parameter) checkRange(n int) error {
	switch {
	case p.goesTo(Target.isReplicas) && n < 0:
		return fmt.Errorf("%d is not a number of replicas", n)
	case p.Min != nil && n < *p.Min:
		return fmt.Errorf("%d is too small; the minimum is %d", n, *p.Min)
	case p.Max != nil && n > *p.Max:
		return fmt.Errorf("%d is too large; the maximum is %d", n, *p.Max)
	}
	return nil
}

// maxValue keeps one setting far below the limit of etcd, 1 MiB per object.
const maxValue = 32 << 10

func (p Parameter) checkText(s string) error {
	if err := p.plainText(s); err != nil {
		return err
	}
	if p.Pattern != "" && !regexp.MustCompile(`^(?:`+p.Pattern+`)$`).MatchString(s) {
		return fmt.Errorf("%q does not match the pattern %s", s, p.Pattern)
	}
	return nil
}

// plainText rejects text that no setting can have.
func (Parameter) plainText(s string) error {
	if len(s) > maxValue {
		return fmt.Errorf("has %d bytes; the maximum is %d", len(s), maxValue)
	}
	if what, yes := staging.DetectCommittedSecret(s); yes {
		return fmt.Errorf("looks like %s: secrets never go into git; declare the parameter as secret-reference", what)
	}
	if strings.ContainsRune(s, 0) {
		return fmt.Errorf("contains a NUL byte")
	}
	return nil
}

func describe(value any) string {
	switch v := value.(type) {
	case string:
		return strconv.Quote(v)
	case nil:
		return "nothing"
	default:
		return "the unquoted " + staging.FormatValue(v)
	}
}

func choices(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = staging.FormatValue(v)
	}
	return strings.Join(texts, ", ")
}
