package web

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"octopod/generator/staging"
)

// messageOf returns the message of an error without its causes.
func messageOf(err error) string {
	var known *staging.Error
	if !errors.As(err, &known) {
		return "something went wrong"
	}
	if len(known.Problems) == 1 && known.Message == "" {
		return known.Problems[0].Message
	}
	return known.Message
}

// hintFor returns the hint of an error, unless it is about the command line or about
// files.
func hintFor(err error) string { return sentence(staging.PlainHintOf(err)) }

// sentence adds a capital letter and a full stop to a message.
func sentence(message string) string {
	if message == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(message)
	return strings.TrimRight(string(unicode.ToUpper(first))+message[size:], ".:") + "."
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
