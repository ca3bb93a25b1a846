package cluster

import (
	"embed"
	"io/fs"
)

//go:embed stages
var stageFiles embed.FS

// stages returns kwok's rules for pods, one document each.
func stages() []string {
	var all []string
	names, err := fs.Glob(stageFiles, "stages/*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		data, err := stageFiles.ReadFile(name)
		if err != nil {
			panic(err) // it was listed
		}
		all = append(all, string(data))
	}
	return all
}
