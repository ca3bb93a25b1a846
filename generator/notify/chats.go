package notify

import "strings"

// slackMessage returns a message of blocks. Text from users has the type plain_text,
// where Slack reads neither markup nor mentions; the links are Octopod's own.
//
//	https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
//	https://docs.slack.dev/reference/block-kit/composition-objects/text-object
func slackMessage(n Notice) any {
	type text struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	type block struct {
		Type     string `json:"type"`
		Text     *text  `json:"text,omitempty"`
		Elements []text `json:"elements,omitempty"`
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	blocks := []block{{Type: "section", Text: &text{"plain_text", n.Headline + "\n" + n.Sentence}}}
	if len(n.Facts) > 0 {
		blocks = append(blocks, block{Type: "context", Elements: []text{{"plain_text", n.factLines()}}})
	}
	if len(n.Links) > 0 {
		var links []string
		for _, l := range n.Links {
			links = append(links, "<"+escape.Replace(l.URL)+"|"+l.Name+">")
		}
		blocks = append(blocks, block{Type: "section", Text: &text{"mrkdwn", strings.Join(links, "  ·  ")}})
	}
	return struct {
		Text   string  `json:"text"` // of the notification on a phone
		Blocks []block `json:"blocks"`
		Unfurl bool    `json:"unfurl_links"` // false: no preview of the links
	}{escape.Replace(n.Headline), blocks, false}
}

// factLines returns the facts as plain lines.
func (n Notice) factLines() string {
	var lines []string
	for _, f := range n.Facts {
		lines = append(lines, f.Name+": "+f.Text)
	}
	return strings.Join(lines, "\n")
}

// mattermostMessage returns a text in Markdown.
//
//	https://developers.mattermost.com/integrate/webhooks/incoming/
func mattermostMessage(n Notice) any {
	return struct {
		Text string `json:"text"`
	}{n.markdown()}
}

// discordMessage returns a message that mentions nobody, whatever its text contains,
// and shows no preview of its links.
//
//	https://discord.com/developers/docs/resources/webhook#execute-webhook
func discordMessage(n Notice) any {
	type mentions struct {
		Parse []string `json:"parse"`
	}
	const (
		suppressEmbeds = 1 << 2
		most           = 2000 // characters of content; Discord rejects more
	)
	for len([]rune(n.markdown())) > most && len(n.Facts) > 0 {
		n.Facts = n.Facts[:len(n.Facts)-1]
	}
	return struct {
		Content  string   `json:"content"`
		Mentions mentions `json:"allowed_mentions"`
		Flags    int      `json:"flags"`
	}{n.markdown(), mentions{[]string{}}, suppressEmbeds}
}

// teamsMessage returns an Adaptive Card for a workflow of Teams. Text runs do not
// interpret Markdown.
//
//	https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
//	https://adaptivecards.io/explorer/TextRun.html
func teamsMessage(n Notice) any {
	type element map[string]any
	line := func(run element) element {
		run["type"] = "TextRun"
		return element{"type": "RichTextBlock", "inlines": []element{run}}
	}
	body := []element{line(element{"text": n.Headline, "weight": "bolder", "size": "medium"}), line(element{"text": n.Sentence})}
	for _, f := range n.Facts {
		body = append(body, line(element{"text": f.Name + ": " + f.Text, "isSubtle": true}))
	}
	actions := []element{}
	for _, l := range n.Links {
		actions = append(actions, element{"type": "Action.OpenUrl", "title": l.Name, "url": l.URL})
	}
	card := element{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"fallbackText": n.Headline, "body": body, "actions": actions,
	}
	return element{"type": "message", "attachments": []element{{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
}
