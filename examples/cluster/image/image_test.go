package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// contents returns the files of an image, and the files that only their owner may read.
func contents(t *testing.T, image v1.Image) (names map[string]bool, closed []string) {
	t.Helper()
	names = map[string]bool{}
	all := mutate.Extract(image)
	defer all.Close()
	for reader := tar.NewReader(all); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return names, closed
		}
		if err != nil {
			t.Fatal(err)
		}
		names[header.Name] = true
		if header.Mode&0o444 != 0o444 && header.Typeflag == tar.TypeReg {
			closed = append(closed, header.Name)
		}
	}
}

func TestProgramIsAloneInItsImage(t *testing.T) {
	image, err := Program(t.Context(), "octopod/examples/cluster/pause", map[string]string{"main.x": "y"})
	if err != nil {
		t.Fatal(err)
	}
	names, closed := contents(t, image)
	if len(names) != 1 || !names["pause"] || len(closed) > 0 {
		t.Errorf("got %v, closed %v", names, closed)
	}
	file, err := image.ConfigFile()
	if err != nil || file.Config.Entrypoint[0] != "/pause" || file.Config.User != user || file.OS != "linux" {
		t.Errorf("got %+v, %v", file, err)
	}
	var packed bytes.Buffer
	if err := Tarball(&packed, map[string]v1.Image{"example.com/pause:1": image}); err != nil || !strings.Contains(packed.String(), "example.com/pause:1") {
		t.Errorf("the tarball does not name the image: %v", err)
	}
	if err := Tarball(io.Discard, map[string]v1.Image{"Not A Name": image}); err == nil {
		t.Error("a bad name is accepted")
	}
}

func TestProgramThatDoesNotBuildIsNamed(t *testing.T) {
	if _, err := Program(t.Context(), "octopod/examples/nothing", nil); err == nil || !strings.Contains(err.Error(), "examples/nothing") {
		t.Errorf("got %v", err)
	}
}
