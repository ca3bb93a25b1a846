// Package image makes container images on this machine, without Docker: from
// static Go programs, and from the files of Debian packages.
package image

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// user runs the programs that need no other.
const user = "10001:10001"

// Program returns an image of a Go program, which is its entrypoint. The
// variables, such as main.commit, are set in the program.
func Program(ctx context.Context, pkg string, variables map[string]string) (v1.Image, error) {
	dir, err := os.MkdirTemp("", "octopod-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, path.Base(pkg))
	flags := "-s -w"
	for name, value := range variables {
		flags += fmt.Sprintf(" -X '%s=%s'", name, value)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", flags, "-o", file, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return Executable(file)
}

// Executable returns an image of a static program of this machine.
func Executable(file string) (v1.Image, error) {
	var files layer
	entrypoint := "/" + filepath.Base(file)
	files.copy(file, entrypoint)
	return files.image(v1.Config{Entrypoint: []string{entrypoint}, User: user})
}

// Tarball writes images under their names, as `docker save` does.
func Tarball(w io.Writer, images map[string]v1.Image) error {
	named := map[name.Reference]v1.Image{}
	for reference, image := range images {
		tag, err := name.NewTag(reference)
		if err != nil {
			return err
		}
		named[tag] = image
	}
	return tarball.MultiRefWrite(named, w)
}

// layer collects the files of a layer. The first error stops it.
type layer struct {
	entries []entry
	err     error
}

type entry struct {
	header tar.Header
	from   string // a file of this machine; "" for content
	text   string
}

func (l *layer) add(e entry) {
	if !slices.ContainsFunc(l.entries, func(has entry) bool { return has.header.Name == e.header.Name }) {
		l.entries = append(l.entries, e)
	}
}

// copy adds a file of this machine; everyone may read it, whatever it is here.
func (l *layer) copy(from, to string) {
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		l.err = err
		return
	}
	info, err := os.Stat(from)
	if err != nil {
		l.err = err
		return
	}
	if info.IsDir() {
		return // another name of a folder
	}
	l.add(entry{from: from, header: tar.Header{
		Name: strings.TrimPrefix(to, "/"), Size: info.Size(), Mode: int64(info.Mode().Perm()) | 0o444, Typeflag: tar.TypeReg,
	}})
}

// copyAll adds a folder with everything in it.
func (l *layer) copyAll(from, to string) {
	err := filepath.WalkDir(from, func(at string, found os.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return err
		}
		inside, err := filepath.Rel(from, at)
		if err == nil {
			l.copy(at, path.Join(to, inside))
		}
		return err
	})
	if err != nil {
		l.err = err
	}
}

func (l *layer) write(to, text string, mode int64) {
	l.add(entry{text: text, header: tar.Header{Name: strings.TrimPrefix(to, "/"), Size: int64(len(text)), Mode: mode, Typeflag: tar.TypeReg}})
}

func (l *layer) folder(name string, mode int64) {
	l.add(entry{header: tar.Header{Name: strings.TrimPrefix(name, "/") + "/", Mode: mode, Typeflag: tar.TypeDir}})
}

func (l *layer) link(name, to string) {
	l.add(entry{header: tar.Header{Name: strings.TrimPrefix(name, "/"), Linkname: to, Mode: 0o777, Typeflag: tar.TypeSymlink}})
}

// image returns an image of this one layer.
func (l *layer) image(config v1.Config) (v1.Image, error) {
	if l.err != nil {
		return nil, l.err
	}
	var data bytes.Buffer
	if err := l.pack(&data); err != nil {
		return nil, err
	}
	packed, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, packed)
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, describe(image, config))
}

func describe(image v1.Image, config v1.Config) *v1.ConfigFile {
	file, err := image.ConfigFile()
	if err != nil {
		panic(err) // it is in memory
	}
	file = file.DeepCopy()
	file.Config, file.OS, file.Architecture = config, "linux", runtime.GOARCH
	return file
}

func (l *layer) pack(w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, e := range l.entries {
		if err := archive.WriteHeader(&e.header); err != nil {
			return err
		}
		if err := e.content(archive); err != nil {
			return err
		}
	}
	return archive.Close()
}

func (e entry) content(w io.Writer) error {
	if e.from == "" {
		_, err := io.WriteString(w, e.text)
		return err
	}
	file, err := os.Open(e.from)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(w, file)
	return err
}
