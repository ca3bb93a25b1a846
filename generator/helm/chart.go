package helm

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"

	"octopod/generator/staging"
)

// Files provides the files of the env repo.
type Files interface {
	// List returns the names in a directory; those of directories end in a slash.
	List(dir string) ([]string, error)
	Read(file string) ([]byte, error)
}

// Limits of one chart. A chart in an archive has the limits of Helm.
const (
	maxFiles = 5000
	maxDepth = 20
)

// isChartFile is the file that every chart has.
const chartFile = "Chart.yaml"

// IsChart reports whether a directory with these names in it is a chart.
func IsChart(names []string) bool { return slices.Contains(names, chartFile) }

// Contents returns the files of a chart in a directory, without those that its .helmignore
// excludes, by their paths in the chart.
func Contents(files Files, dir string) ([]staging.File, error) {
	rules := ignore.Empty()
	if text, err := files.Read(path.Join(dir, ignore.HelmIgnore)); err == nil {
		if rules, err = ignore.Parse(bytes.NewReader(text)); err != nil {
			return nil, fault(staging.Problem{File: path.Join(dir, ignore.HelmIgnore), Message: err.Error()})
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	rules.AddDefaults()
	r := reader{files: files, root: dir, rules: rules}
	return r.found, r.read("", 0)
}

// reader reads the files of a chart.
type reader struct {
	files Files
	root  string
	rules *ignore.Rules
	found []staging.File
}

func (r *reader) read(dir string, depth int) error {
	if depth > maxDepth {
		return fault(staging.Problem{File: path.Join(r.root, dir), Message: fmt.Sprintf("the chart has more than %d directories in each other", maxDepth)})
	}
	names, err := r.files.List(path.Join(r.root, dir))
	if err != nil {
		return err
	}
	for _, name := range names {
		isDir := strings.HasSuffix(name, "/")
		inside := path.Join(dir, name)
		switch {
		case r.rules.Ignore(inside, entryInfo{path.Base(name), isDir}):
			continue
		case isDir:
			err = r.read(inside, depth+1)
		default:
			err = r.add(inside)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) add(name string) error {
	if len(r.found) == maxFiles {
		return fault(staging.Problem{File: r.root, Message: fmt.Sprintf("the chart has more than %d files", maxFiles)})
	}
	data, err := r.files.Read(path.Join(r.root, name))
	if err == nil {
		r.found = append(r.found, staging.File{Path: name, Data: bytes.TrimPrefix(data, []byte("\ufeff"))})
	}
	return err
}

// Unpack returns the files of a chart in an archive (.tgz), by their paths in the chart.
func Unpack(archive []byte) ([]staging.File, error) {
	packed, err := loader.LoadArchiveFiles(bytes.NewReader(archive))
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "the archive holds no usable chart").Because(err)
	}
	var files []staging.File
	for _, f := range packed {
		files = append(files, staging.File{Path: f.Name, Data: f.Data})
	}
	return files, nil
}

// load parses the files of a chart.
func load(dir string, files []staging.File) (*chart.Chart, error) {
	buffered := make([]*loader.BufferedFile, len(files)) // LoadFiles changes the names
	for i, f := range files {
		buffered[i] = &loader.BufferedFile{Name: f.Path, Data: f.Data}
	}
	c, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, fault(staging.Problem{File: dir, Message: err.Error()})
	}
	if strings.EqualFold(c.Metadata.Type, "library") {
		return nil, fault(staging.Problem{File: path.Join(dir, chartFile), Field: "type", Message: "a library chart has no objects: name a chart that uses it"})
	}
	return c, checkDependencies(dir, c)
}

// checkDependencies rejects a chart that lacks a chart that it depends on.
func checkDependencies(dir string, c *chart.Chart) error {
	var missing []string
	for _, wanted := range c.Metadata.Dependencies {
		if !slices.ContainsFunc(c.Dependencies(), func(d *chart.Chart) bool { return d.Name() == wanted.Name }) {
			missing = append(missing, wanted.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	err := fault(staging.Problem{
		File: path.Join(dir, chartFile), Field: "dependencies",
		Message: "charts/ has no " + strings.Join(missing, ", "),
	})
	return err.WithTechnicalHint("run `helm dependency build` in the chart, or add it with `octopod vendor`, which brings its dependencies")
}

// fault returns the error for a chart that cannot be rendered.
func fault(problems ...staging.Problem) *staging.Error {
	return &staging.Error{Code: staging.CodeInvalid, Message: "the chart cannot be rendered", Problems: problems}
}
