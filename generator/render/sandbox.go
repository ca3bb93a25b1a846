package render

import (
	"context"

	"octopod/generator/project"
)

// A sandbox evaluates a template without a tree at hand: it asks for what it
// needs, and keeps what all stagings share as long as the epoch is the same.

// evaluation is one template to evaluate.
type evaluation struct {
	Engine project.Engine
	Main   string // path of the jsonnet file, or of the kustomization's directory
	Epoch  string // everything outside envs/ is the same as long as this is; "" for never
	text   []byte // content of the jsonnet file
}

// fileRequest is what a sandbox wants to know.
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
)

// fileResponse answers a question.
type fileResponse struct {
	At      string   `json:",omitempty"` // path of the import, or directory of the file
	Names   []string `json:",omitempty"` // in a directory, or of the file
	Own     bool     `json:",omitempty"` // belongs to the one staging
	Error   string   `json:",omitempty"`
	Missing bool     `json:",omitempty"` // the error is that there is no such file
	Looked  []string `json:",omitempty"` // what the answer depends on outside envs/

	data []byte
}

type fileHandler func(fileRequest) fileResponse

// evaluationResult is the result of an evaluation: JSON, or the objects that kustomize
// gives one after the other. Looked covers answers of earlier evaluations as well.
type evaluationResult struct {
	json    []byte
	objects []objectHeader
	inputs  []string
}

// objectHeader is an object without its JSON, of which it says the length.
type objectHeader struct {
	APIVersion, Kind, Namespace, Name string
	Size                              int
}

// templateError is what an engine says of a template.
type templateError string

func (e templateError) Error() string { return string(e) }

// evaluatorPool evaluate templates. What is wrong with the template itself comes as
// a templateError.
type evaluatorPool interface {
	evaluate(ctx context.Context, e evaluation, answer fileHandler) (evaluationResult, error)
	close() error
}
