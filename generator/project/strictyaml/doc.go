// Package strictyaml decodes and encodes the two YAML files that people edit,
// octopod.yaml and staging.yaml. It checks the syntax of a file: the size is sane,
// every field exists, every value has the type of the Go struct, and no value means
// something else to YAML 1.1 tools (kubectl, Argo CD) that read the same file. It
// reports all problems at once, each with its line and field.
//
// Semantics are the job of the packages that define the types: required fields,
// allowed values, references between fields. They find the line of a field with Lines.
//
// The decoder rejects some YAML on purpose: anchors, aliases and merge keys (an alias
// bomb needs nothing else), explicit tags, several documents, and unquoted values
// such as 1.10, 0755, 12:30 or no where text is required.
package strictyaml
