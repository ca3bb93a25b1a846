package project

import (
	"regexp/syntax"
	"strings"
)

// raiseDigits returns a text with its last digit raised, as 257Mi for 256Mi: a value
// that is as sound as the given one.
func raiseDigits(text string) string {
	i := strings.LastIndexAny(text, "012345678")
	if i < 0 {
		return text
	}
	return text[:i] + string(text[i]+1) + text[i+1:]
}

// sampleOf returns texts that match a pattern, for most patterns.
func sampleOf(pattern string) []any {
	expression, err := syntax.Parse(pattern, syntax.Perl)
	if pattern == "" || err != nil {
		return nil
	}
	var samples []any
	for variant := range 3 {
		var b strings.Builder
		writeSample(&b, expression.Simplify(), variant)
		samples = append(samples, b.String())
	}
	return samples
}

// writeSample writes a text that an expression matches. Variants differ where the
// expression leaves a choice.
func writeSample(b *strings.Builder, e *syntax.Regexp, variant int) {
	switch e.Op {
	case syntax.OpLiteral:
		b.WriteString(string(e.Rune))
	case syntax.OpCharClass:
		b.WriteRune(runeOf(e.Rune, variant))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte("xyz"[variant])
	case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
		for _, part := range e.Sub {
			writeSample(b, part, variant)
		}
	case syntax.OpStar, syntax.OpQuest:
		if variant > 0 {
			writeSample(b, e.Sub[0], variant)
		}
	case syntax.OpAlternate:
		writeSample(b, e.Sub[variant%len(e.Sub)], variant)
	}
}

// runeOf returns a character of a class, given as pairs of bounds.
func runeOf(class []rune, variant int) rune {
	if len(class) == 0 {
		return 'x'
	}
	first, last := class[0], class[1]
	return min(first+rune(variant)+1, last) // not the first one: 0 is no size
}
