package notify

import (
	"regexp"
	"strings"
)

// apart is a character that nobody sees, and that keeps two others from being
// read together.
const apart = "\u200b"

var (
	markup    = regexp.MustCompile("[\\\\`*_~|<>\\[\\]()#]")
	mention   = regexp.MustCompile(`[@#!~%$&^]`)
	addressed = regexp.MustCompile(`(?i)(://|www\.|mailto:|xmpp:)`)
)

// Markdown writes a text so that Markdown, as the forges and the chats read it,
// shows it as it is: no markup, no link, nobody and nothing mentioned.
func Markdown(text string) string {
	text = addressed.ReplaceAllStringFunc(oneLine(text), func(found string) string { return found[:1] + apart + found[1:] })
	text = mention.ReplaceAllString(text, "$0"+apart)
	return markup.ReplaceAllString(text, `\$0`)
}

// markdown is a notice as Markdown, with its own links.
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
