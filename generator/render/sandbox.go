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

// question is what a sandbox wants to know.
type question struct {
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

// found answers a question.
type found struct {
	At      string   `json:",omitempty"` // path of the import, or directory of the file
	Names   []string `json:",omitempty"` // in a directory, or of the file
	Own     bool     `json:",omitempty"` // belongs to the one staging
	Error   string   `json:",omitempty"`
	Missing bool     `json:",omitempty"` // the error is that there is no such file
	Looked  []string `json:",omitempty"` // what the answer depends on outside envs/

	data []byte
}

type answerer func(question) found

// evaluated is the result of an evaluation: JSON, or the objects that kustomize
// gives one after the other. Looked covers answers of earlier evaluations as well.
type evaluated struct {
	json    []byte
	objects []objectHead
	looked  []string
}

// objectHead is an object without its JSON, of which it says the length.
type objectHead struct {
	APIVersion, Kind, Namespace, Name string
	Size                              int
}

// templateError is what an engine says of a template.
type templateError string

func (e templateError) Error() string { return string(e) }

// sandboxes evaluate templates. What is wrong with the template itself comes as
// a templateError.
type sandboxes interface {
	evaluate(ctx context.Context, e evaluation, answer answerer) (evaluated, error)
	close() error
}
