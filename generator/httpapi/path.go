package httpapi

import "octopod/generator/staging"

// Path is where the API is mounted.
const Path = "/api/v1"

// noName is the path segment for a name that is derived from the branch.
const noName = "-"

// onlyProject is the path segment for the only project of a server.
const onlyProject = "-"

// ProjectPath is the path parameter of a project.
type ProjectPath struct {
	Project string `path:"project" doc:"Name of the project, or - for the only one"`
}

// StagingPath holds the path parameters of a staging.
type StagingPath struct {
	ProjectPath
	Name string `path:"name" doc:"Name of the staging"`
}

// SelectorQuery holds the query parameters that select stagings, like the flags of
// octopod get.
type SelectorQuery struct {
	Names    []string `query:"name,explode" doc:"Exactly these names; each must exist"`
	Archived bool     `query:"archived" doc:"Archived stagings only"`
	All      bool     `query:"all" doc:"Active and archived"`
	Where    string   `query:"where" doc:"FIELD=VALUE and FIELD!=VALUE, separated by commas: author=ada,state!=deleting"`
	Recorded bool     `query:"recorded" doc:"The records only, without the status in Argo CD"`
	Pending  bool     `query:"pending" doc:"Also the objects of each with pending changes of octopod.yaml or a template"`
}

func (q SelectorQuery) query() (staging.Query, error) {
	selector, err := staging.ParseSelector(q.Where)
	return staging.Query{Names: q.Names, Archived: q.Archived, All: q.All, Recorded: q.Recorded, Pending: q.Pending, Selector: selector}, err
}
