package project

import (
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Parse reads octopod.yaml: strictly, with defaults filled in, and with every
// fault of form and meaning reported at once by file and line.
func Parse(data []byte) (*Project, error) {
	var written Project
	if err := strictyaml.Decode(File, data, &written); err != nil {
		return nil, err
	}
	p := written.withDefaults()
	problems := p.faults()
	lines := strictyaml.Lines(data)
	for i := range problems {
		problems[i].File = File
		problems[i].Line = lines.Line(problems[i].Field)
	}
	if err := staging.Invalid("the project file is not valid", problems); err != nil {
		return nil, err
	}
	return p, nil
}

// Encode writes a project as octopod.yaml.
func (p Project) Encode() ([]byte, error) { return strictyaml.Encode(p) }
