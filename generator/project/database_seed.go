package project

import (
	"fmt"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// SetSeed names another database for a seed in the text of octopod.yaml, and leaves every
// other byte: people edit this file.
func SetSeed(data []byte, name, template string) ([]byte, error) {
	p, err := Parse(data)
	if err != nil {
		return nil, err
	}
	if _, known := p.Spec.Database.Seeds[name]; !known {
		return nil, staging.Errorf(staging.CodeNotFound, "the project has no seed %q%s", name, suggest(name, p.SeedNames())).
			WithTechnicalHint("add it under spec.database.seeds in %s", File)
	}
	if data, err = strictyaml.Replace(data, "spec.database.seeds."+name+".template", template); err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "cannot change the database of the seed %s in %s", name, File).Because(err)
	}
	if p, err = Parse(data); err != nil {
		return nil, err
	}
	if got := p.Spec.Database.Seeds[name].Template; got != template {
		return nil, fmt.Errorf("%s has %s after setting the database of the seed %s to %s", File, got, name, template)
	}
	return data, nil
}
