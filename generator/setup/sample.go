package setup

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	yaml "gopkg.in/yaml.v3"

	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/jsonnet"
	"octopod/templates"
)

// sampleName is the name of the sample project.
const sampleName = "shop"

// sampleLayout copies the sample project under the user's project name.
func sampleLayout(r InitRequest) (layout, error) {
	source, dir := fs.FS(templates.Files), "templates"
	if r.Engine == project.EngineJsonnet {
		source, dir = jsonnet.Files, "jsonnet"
	}
	files, err := copyTemplate(source, dir)
	if err != nil {
		return layout{}, err
	}
	l := layout{notes: []string{"the sample project " + sampleName + " was copied: replace its templates with yours, or run init with --template DIR"}}
	var data []byte
	for _, file := range files {
		if file.Path == dir+"/"+project.File {
			data = file.Data
			continue
		}
		if path.Base(file.Path) == "bring.libsonnet" {
			continue // only init --template needs it
		}
		file.Path = renameSample(file.Path, r.Name)
		l.files = append(l.files, file)
	}
	if data, err = fillProject(data, r); err != nil {
		return layout{}, err
	}
	l.files = append(l.files, staging.File{Path: project.File, Data: data})
	l.project, err = project.Parse(data)
	return l, err
}

// renameSample replaces the sample's name in a path by the project's name.
func renameSample(name, to string) string {
	name = strings.Replace(name, "templates/"+sampleName+"/", "templates/"+to+"/", 1)
	return strings.Replace(name, "jsonnet/"+sampleName+".libsonnet", "jsonnet/"+to+".libsonnet", 1)
}

// fillProject writes the user's answers into a project file and keeps its comments.
func fillProject(data []byte, r InitRequest) ([]byte, error) {
	var doc yaml.Node
	err := yaml.Unmarshal(data, &doc)
	if err != nil {
		return nil, fmt.Errorf("reading the sample's %s: %w", project.File, err)
	}
	set := func(value string, field ...string) {
		if value != "" {
			setField(doc.Content[0], field, func(n *yaml.Node) { n.SetString(value) })
		}
	}
	set(r.Name, "metadata", "name")
	set(r.Title, "metadata", "title")
	set(string(r.Output), "spec", "output")
	set(r.BaseDomain, "spec", "hosts", "baseDomain")
	set(r.RepoURL, "spec", "argocd", "repoURL")
	set(r.branch, "spec", "argocd", "branch")
	if len(r.exclude) > 0 {
		setField(doc.Content[0], []string{"spec", "argocd", "exclude"}, func(n *yaml.Node) { err = n.Encode(r.exclude) })
	}
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", project.File, err)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&doc); err != nil {
		return nil, fmt.Errorf("writing %s: %w", project.File, err)
	}
	return out.Bytes(), nil
}

// setField sets a field of a mapping. It adds the mappings that are missing on the
// way.
func setField(node *yaml.Node, field []string, set func(*yaml.Node)) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != field[0] {
			continue
		}
		if len(field) > 1 {
			setField(node.Content[i+1], field[1:], set)
			return
		}
		set(node.Content[i+1])
		return
	}
	key, child := &yaml.Node{}, &yaml.Node{}
	key.SetString(field[0])
	if len(field) > 1 {
		*child = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		setField(child, field[1:], set)
	} else {
		set(child)
	}
	node.Content = append(node.Content, key, child)
}
