package notify

import (
	"regexp"
	"strings"
)

// zeroWidthSpace is an invisible character that breaks up mentions and URLs.
const zeroWidthSpace = "\u200b"

var (
	markup    = regexp.MustCompile("[\\\\`*_~|<>\\[\\]()#]")
	mention   = regexp.MustCompile(`[@#!~%$&^]`)
	urlPrefix = regexp.MustCompile(`(?i)(://|www\.|mailto:|xmpp:)`)
)

// Markdown escapes a text for the Markdown of forges and chats: it shows as it is,
// without markup, links or mentions.
func Markdown(text string) string {
	text = urlPrefix.ReplaceAllStringFunc(oneLine(text), func(found string) string { return found[:1] + zeroWidthSpace + found[1:] })
	text = mention.ReplaceAllString(text, "$0"+zeroWidthSpace)
	return markup.ReplaceAllString(text, `\$0`)
}

// markdown returns a notice as Markdown, with its own links.
func (n Notice) markdown() string {
	var b strings.Builder
	b.WriteString("**" + Markdown(n.Headline) + "**\n" + Markdown(n.Sentence) + "\n")
	for _, f := range n.Facts {
		b.WriteString("\n" + f.Name + ": " + Markdown(f.Text))
	}
	for i, l := range n.Links {
		b.WriteString(map[bool]string{true: "\n\n", false: " · "}[i == 0] + "[" + l.Name + "](" + l.URL + ")")
	}
	return b.String()
}
