package branch

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// registryFormat is the notification of one vendor.
type registryFormat struct {
	name  string   // of its event in the log of deliveries
	field []string // the fields of the payload that identify it
	read  func(*Webhook, Request) error
}

// registryFormats lists the notifications that Octopod reads.
func registryFormats() []registryFormat {
	return []registryFormat{
		{"notification", []string{"events"}, readDistribution},
		{"notification", []string{"event_data"}, readHarbor},
		{"Docker Hub push", []string{"push_data", "repository"}, readDockerHub},
		{"Quay repository push", []string{"docker_url", "updated_tags"}, readQuay},
		{"Amazon ECR event", []string{"detail-type", "detail"}, readECR},
		{"Google Pub/Sub message", []string{"message", "subscription"}, readArtifactRegistry},
		{"Artifactory event", []string{"domain", "event_type"}, readArtifactory},
		{"Azure Container Registry event", []string{"action", "timestamp"}, readAzureRegistry},
	}
}

// readRegistryWebhook reads the notification of a registry. It recognizes the vendor by
// the names of their fields, and decodes nothing of another vendor.
func readRegistryWebhook(c *Webhook, h Request) error {
	c.Event = "notification"
	var fields map[string]json.RawMessage
	if err := decode(h, &fields); err != nil {
		return err
	}
	for _, f := range registryFormats() {
		if !slices.ContainsFunc(f.field, func(name string) bool { return fields[name] == nil }) {
			c.Event = f.name
			return f.read(c, h)
		}
	}
	c.Event = "notification in an unknown format"
	return nil
}

// addImage adds the event of an image. A registry reports only its own images.
func (c *Webhook) addImage(reference string) {
	if strings.HasPrefix(reference, c.Host+"/") {
		c.Events = append(c.Events, Event{Kind: ImagePushed, Image: reference})
	}
}

// readDistribution reads https://distribution.github.io/distribution/about/notifications/
func readDistribution(c *Webhook, h Request) error {
	var p struct {
		Events []struct {
			ID     string `json:"id"`
			Action string `json:"action"` // push, pull, mount, delete
			Target struct {
				Repository string `json:"repository"`
				Tag        string `json:"tag"` // "" for a layer
			} `json:"target"`
		} `json:"events"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	for _, e := range p.Events {
		c.ID = strings.TrimPrefix(c.ID+" "+e.ID, " ")
		if e.Action == "push" && e.Target.Tag != "" {
			c.addImage(c.Host + "/" + e.Target.Repository + ":" + e.Target.Tag)
		}
	}
	return nil
}

// readHarbor reads https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/
func readHarbor(c *Webhook, h Request) error {
	var p struct {
		Type string `json:"type"`
		Data struct {
			Resources []struct {
				URL string `json:"resource_url"` // with host and tag
			} `json:"resources"`
		} `json:"event_data"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	if p.Type != "PUSH_ARTIFACT" {
		c.Event = cmp.Or(p.Type, c.Event)
		return nil
	}
	for _, r := range p.Data.Resources {
		c.addImage(r.URL)
	}
	return nil
}

// readDockerHub reads https://docs.docker.com/docker-hub/repos/manage/webhooks/
func readDockerHub(c *Webhook, h Request) error {
	var p struct {
		Push struct {
			Tag string `json:"tag"`
		} `json:"push_data"`
		Repository struct {
			Name string `json:"repo_name"` // acme/backend
		} `json:"repository"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	c.addImage("docker.io/" + p.Repository.Name + ":" + p.Push.Tag)
	return nil
}

// readQuay reads https://docs.quay.io/guides/notifications.html
func readQuay(c *Webhook, h Request) error {
	var p struct {
		URL  string   `json:"docker_url"` // quay.io/acme/backend
		Tags []string `json:"updated_tags"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	for _, tag := range p.Tags {
		c.addImage(p.URL + ":" + tag)
	}
	return nil
}

// readECR reads https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
func readECR(c *Webhook, h Request) error {
	var p struct {
		ID      string `json:"id"`
		Type    string `json:"detail-type"`
		Account string `json:"account"`
		Region  string `json:"region"`
		Detail  struct {
			Result     string `json:"result"`
			Repository string `json:"repository-name"`
			Action     string `json:"action-type"` // PUSH, DELETE
			Tag        string `json:"image-tag"`
		} `json:"detail"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	c.ID, c.Event = p.ID, p.Type
	if d := p.Detail; p.Type == "ECR Image Action" && d.Action == "PUSH" && d.Result == "SUCCESS" && d.Tag != "" {
		c.addImage(p.Account + ".dkr.ecr." + p.Region + ".amazonaws.com/" + d.Repository + ":" + d.Tag)
	}
	return nil
}

// readArtifactRegistry reads the messages of Google's Artifact Registry, which Pub/Sub
// pushes: https://cloud.google.com/artifact-registry/docs/configure-notifications
func readArtifactRegistry(c *Webhook, h Request) error {
	var p struct {
		Message struct {
			ID   string `json:"messageId"`
			Data string `json:"data"` // in base64
		} `json:"message"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	c.ID = p.Message.ID
	data, err := base64.StdEncoding.DecodeString(p.Message.Data)
	if err != nil {
		return err
	}
	var image struct {
		Action string `json:"action"` // INSERT, DELETE
		Tag    string `json:"tag"`    // us-docker.pkg.dev/acme/shop/backend:1f2e3d4; "" for a push without a tag
	}
	if json.Unmarshal(data, &image) == nil && image.Action == "INSERT" { // a topic may carry other messages
		c.addImage(image.Tag)
	}
	return nil
}

// readArtifactory reads https://jfrog.com/help/r/jfrog-platform-administration-documentation/docker-events.
// Where the host stands for one repository, references of images leave it out.
func readArtifactory(c *Webhook, h Request) error {
	var p struct {
		Domain string          `json:"domain"`
		Type   string          `json:"event_type"`
		Data   json.RawMessage `json:"data"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	c.Event = p.Domain + " " + p.Type
	if c.Event != "docker pushed" {
		return nil
	}
	var pushed struct {
		Repository string `json:"repo_key"`
		Image      string `json:"image_name"`
		Tag        string `json:"tag"`
	}
	if err := json.Unmarshal(p.Data, &pushed); err != nil {
		return err
	}
	image := pushed.Image + ":" + pushed.Tag
	c.addImage(c.Host + "/" + pushed.Repository + "/" + image)
	c.addImage(c.Host + "/" + image)
	return nil
}

// readAzureRegistry reads https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
func readAzureRegistry(c *Webhook, h Request) error {
	var p struct {
		ID     string `json:"id"`
		Action string `json:"action"` // push, delete, chart_push, quarantine, ping
		Target struct {
			Repository string `json:"repository"`
			Tag        string `json:"tag"`
		} `json:"target"`
		Request struct {
			Host string `json:"host"`
		} `json:"request"`
	}
	if err := decode(h, &p); err != nil {
		return err
	}
	c.ID, c.Ping = p.ID, p.Action == "ping"
	if c.Event = "Azure Container Registry " + p.Action; p.Action == "push" && p.Target.Tag != "" {
		c.addImage(p.Request.Host + "/" + p.Target.Repository + ":" + p.Target.Tag)
	}
	return nil
}
