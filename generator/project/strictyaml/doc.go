// Package strictyaml reads and writes the two YAML files that people edit,
// octopod.yaml and staging.yaml. It owns the form of a file: that it is YAML
// of a sane size, that every field exists, that every value has the type the
// Go struct says, and that nothing in it means one thing to this decoder and
// another to the YAML 1.1 tools (kubectl, Argo CD) that read the same file.
// All faults come back at once, each with its line and field.
//
// It never judges meaning: required fields, allowed values and references
// between fields belong to the packages that own the types. They find the line
// of a field with Lines.
//
// Refused on purpose, although YAML has them: anchors, aliases and merge keys
// (an alias bomb needs nothing else), explicit tags, several documents, and
// unquoted values such as 1.10, 0755, 12:30 or no where text is due.
package strictyaml
