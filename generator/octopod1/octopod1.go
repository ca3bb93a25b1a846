package octopod1

import (
	"encoding/json"
	"fmt"
	"time"

	"octopod/generator/staging"
)

// Deployment is a staging as Octopod 1 knows it. It has no branch.
type Deployment struct {
	Name       string
	App        []Override // what the application reads
	Deployment []Override // how it is deployed
	Archived   bool
	Remark     string // what is special about its state; "" mostly
	Links      int    // that a script of Octopod 1 found
	Created    time.Time
}

// Override is one value of a deployment.
type Override struct {
	Key    string
	Value  string
	Absent bool // the default is taken away
}

// Parse reads the answer of GET /api/v1/deployments: a list of
// DeploymentFullInfo of octopod-common/src/Common/Types.hs, whose fields are
// written in snake_case and whose sums as {"tag": …, "contents": …}.
func Parse(data []byte) ([]Deployment, error) {
	var written []fullInfo
	if err := json.Unmarshal(data, &written); err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "this is no list of deployments of Octopod 1").Because(err).
			WithHint("give what `curl https://octopod.example.com/api/v1/deployments` answers")
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
			problems = append(problems, staging.Problem{Field: field, Message: fmt.Sprintf("%q is there twice", w.Deployment.Name)})
		}
		seen[w.Deployment.Name] = true
		d, err := w.deployment()
		if err != nil {
			problems = append(problems, staging.Problem{Field: fmt.Sprintf("[%d].status", i), Message: err.Error()})
		}
		all = append(all, d)
	}
	return all, staging.Invalid("the list of deployments cannot be read", problems)
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
		d.Remark = "it did not work in Octopod 1"
	case "Archived", "ArchivePending":
		d.Archived = true
	case "CleanupFailed":
		d.Archived, d.Remark = true, "Octopod 1 could not clean it up"
	default:
		return d, fmt.Errorf("%q is no status of Octopod 1", tag)
	}
	return d, nil
}

// override is written as a pair: ["KEY", {"tag": "ValueAdded", "contents": "value"}],
// or {"tag": "ValueDeleted"}.
type override Override

// UnmarshalJSON reads the pair.
func (o *override) UnmarshalJSON(data []byte) error {
	var value struct {
		Tag      string  `json:"tag"`
		Contents *string `json:"contents"`
	}
	pair := []any{&o.Key, &value}
	if err := json.Unmarshal(data, &pair); err != nil || len(pair) != 2 || o.Key == "" {
		return fmt.Errorf("%.80s is no override: a key and a value are written as a pair", data)
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
