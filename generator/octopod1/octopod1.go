package octopod1

import (
	"encoding/json"
	"fmt"
	"time"

	"octopod/generator/staging"
)

// Deployment is a staging of Octopod 1. It has no branch.
type Deployment struct {
	Name       string
	App        []Override // settings of the application
	Deployment []Override // settings of the deployment
	Archived   bool
	Remark     string // about an unusual state; else ""
	Links      int    // number of links from its metadata
	Created    time.Time
}

// Override is one value of a deployment.
type Override struct {
	Key    string
	Value  string
	Absent bool // the default is removed
}

// Parse parses the response of GET /api/v1/deployments: a list of DeploymentFullInfo
// (octopod-common/src/Common/Types.hs) with fields in snake_case and sum types as
// {"tag": …, "contents": …}.
func Parse(data []byte) ([]Deployment, error) {
	var written []fullInfo
	if err := json.Unmarshal(data, &written); err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "the input is not a list of deployments of Octopod 1").Because(err).
			WithHint("save the output of `curl https://octopod.example.com/api/v1/deployments`")
	}
	var problems []staging.Problem
	var all []Deployment
	seen := map[string]bool{}
	for i, w := range written {
		field := fmt.Sprintf("[%d].deployment.name", i)
		switch {
		case w.Deployment.Name == "":
			problems = append(problems, staging.Problem{Field: field, Message: "is missing"})
		case seen[w.Deployment.Name]:
			problems = append(problems, staging.Problem{Field: field, Message: fmt.Sprintf("%q is listed twice", w.Deployment.Name)})
		}
		seen[w.Deployment.Name] = true
		d, err := w.deployment()
		if err != nil {
			problems = append(problems, staging.Problem{Field: fmt.Sprintf("[%d].status", i), Message: err.Error()})
		}
		all = append(all, d)
	}
	return all, staging.Invalid("the list of deployments is not valid", problems)
}

// fullInfo is DeploymentFullInfo.
type fullInfo struct {
	Deployment struct {
		Name       string     `json:"name"`
		App        []override `json:"app_overrides"`
		Deployment []override `json:"deployment_overrides"`
	} `json:"deployment"`
	Status struct {
		Recorded struct {
			Tag string `json:"tag"`
		} `json:"recorded_status"`
	} `json:"status"`
	Metadata []struct {
		Link string `json:"link"`
	} `json:"metadata"`
	CreatedAt time.Time `json:"created_at"`
}

func (w fullInfo) deployment() (Deployment, error) {
	d := Deployment{Name: w.Deployment.Name, Links: len(w.Metadata), Created: w.CreatedAt}
	for _, o := range w.Deployment.App {
		d.App = append(d.App, Override(o))
	}
	for _, o := range w.Deployment.Deployment {
		d.Deployment = append(d.Deployment, Override(o))
	}
	switch tag := w.Status.Recorded.Tag; tag {
	case "Running", "CreatePending", "UpdatePending":
	case "Failure":
		d.Remark = "it failed in Octopod 1"
	case "Archived", "ArchivePending":
		d.Archived = true
	case "CleanupFailed":
		d.Archived, d.Remark = true, "its clean-up failed in Octopod 1"
	default:
		return d, fmt.Errorf("%q is not a status of Octopod 1", tag)
	}
	return d, nil
}

// override is a pair in JSON: ["KEY", {"tag": "ValueAdded", "contents": "value"}], or
// with {"tag": "ValueDeleted"}.
type override Override

// UnmarshalJSON decodes the pair.
func (o *override) UnmarshalJSON(data []byte) error {
	var value struct {
		Tag      string  `json:"tag"`
		Contents *string `json:"contents"`
	}
	pair := []any{&o.Key, &value}
	if err := json.Unmarshal(data, &pair); err != nil || len(pair) != 2 || o.Key == "" {
		return fmt.Errorf("%.80s is not an override: it must be a pair of key and value", data)
	}
	switch {
	case value.Tag == "ValueAdded" && value.Contents != nil:
		o.Value = *value.Contents
	case value.Tag == "ValueDeleted":
		o.Absent = true
	default:
		return fmt.Errorf("override %s has a value that is neither added nor deleted", o.Key)
	}
	return nil
}
