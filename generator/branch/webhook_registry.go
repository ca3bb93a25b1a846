package branch

import "strings"

// registryPayload holds the fields in use of registry notifications: the envelope of
// CNCF Distribution, https://distribution.github.io/distribution/about/notifications/,
// and Harbor's, https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/
type registryPayload struct {
	Events []struct {
		ID     string `json:"id"`
		Action string `json:"action"` // push, pull, mount, delete
		Target struct {
			Repository string `json:"repository"`
			Tag        string `json:"tag"` // "" for a layer
		} `json:"target"`
	} `json:"events"`
	Type string `json:"type"` // Harbor: PUSH_ARTIFACT
	Data struct {
		Resources []struct {
			URL string `json:"resource_url"` // with host and tag
		} `json:"resources"`
	} `json:"event_data"`
}

func readRegistryWebhook(c *Webhook, h Request) error {
	c.Event = "notification"
	var p registryPayload
	if err := decode(h, &p); err != nil {
		return err
	}
	for _, e := range p.Events {
		c.ID = strings.TrimPrefix(c.ID+" "+e.ID, " ")
		if e.Action == "push" && e.Target.Tag != "" {
			c.addImage(c.Host + "/" + e.Target.Repository + ":" + e.Target.Tag)
		}
	}
	if p.Type == "PUSH_ARTIFACT" {
		for _, r := range p.Data.Resources {
			if strings.HasPrefix(r.URL, c.Host+"/") {
				c.addImage(r.URL)
			}
		}
	}
	return nil
}

func (c *Webhook) addImage(reference string) {
	c.Events = append(c.Events, Event{Kind: ImagePushed, Image: reference})
}
