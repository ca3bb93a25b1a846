package render

import (
	"context"

	"octopod/generator/project"
)

// A sandbox evaluates a template without access to the tree: it requests files from the
// Renderer, and caches files that all stagings share while the epoch is the same.

// evaluation is one template to evaluate.
type evaluation struct {
	Engine project.Engine
	Main   string // path of the jsonnet file, or of the directory of the kustomization or chart
	Epoch  string // identifies the state of everything outside envs/; "" disables caching
	text   []byte // content of the jsonnet file, or a staging.Chart as JSON
}

// fileRequest is a request of a sandbox for a file or directory.
type fileRequest struct {
	Op   operation
	From string `json:",omitempty"` // the file that imports
	Name string
}

type operation string

const (
	opImport operation = "import"
	opLocate operation = "locate"
	opRead   operation = "read"
	opList   operation = "list"

	opEntries operation = "entries" // like list, and the names of directories end in a slash
)

// fileResponse is the response to a fileRequest.
type fileResponse struct {
	At      string   `json:",omitempty"` // path of the import, or directory of the file
	Names   []string `json:",omitempty"` // of the entries of a directory, or of the file
	Own     bool     `json:",omitempty"` // belongs to the staging, not shared
	Error   string   `json:",omitempty"`
	Missing bool     `json:",omitempty"` // the file does not exist
	Looked  []string `json:",omitempty"` // inputs outside envs/ of the response

	data []byte
}

type fileHandler func(fileRequest) fileResponse

// evaluationResult is the result of an evaluation: the JSON of jsonnet, or the objects of
// kustomize one after the other. inputs includes those of cached files.
type evaluationResult struct {
	json    []byte
	objects []objectHeader
	inputs  []string
	notes   []string // of a chart
}

// objectHeader is an object with the length of its JSON.
type objectHeader struct {
	APIVersion, Kind, Namespace, Name string
	Size                              int
}

// templateError is an error of an engine in a template.
type templateError string

func (e templateError) Error() string { return string(e) }

// evaluatorPool evaluates templates. It returns a templateError for a fault in the
// template.
type evaluatorPool interface {
	evaluate(ctx context.Context, e evaluation, answer fileHandler) (evaluationResult, error)
	close() error
}
