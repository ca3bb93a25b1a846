package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A file of a package: a path with slashes, and where its content lies on this machine.
type file struct {
	name, source string
	mode         fs.FileMode
}

// baseName returns the name of a result, for example octopod_1.2.0_linux_amd64.
func (r *release) baseName(t target) string {
	return fmt.Sprintf("octopod_%s_%s_%s", strings.TrimPrefix(r.version, "v"), t.os, t.arch)
}

// archiveName returns the file name of the archive of a target: Windows opens .zip files,
// and everything else .tar.gz.
func (r *release) archiveName(t target) string {
	if t.os == "windows" {
		return r.baseName(t) + ".zip"
	}
	return r.baseName(t) + ".tar.gz"
}

// archive writes the archive of a target.
func (r *release) archive(t target, files []file) (err error) {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	out, err := os.Create(filepath.Join(r.out, r.archiveName(t)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if t.os == "windows" {
		return r.writeZip(out, files)
	}
	return r.writeTar(out, files)
}

func (r *release) writeTar(out io.Writer, files []file) error {
	packed := gzip.NewWriter(out)
	archive := tar.NewWriter(packed)
	for _, f := range files {
		content, err := os.ReadFile(f.source)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(content)), ModTime: r.committed, Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), packed.Close())
}

func (r *release) writeZip(out io.Writer, files []file) error {
	archive := zip.NewWriter(out)
	for _, f := range files {
		content, err := os.ReadFile(f.source)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: r.committed}
		header.SetMode(f.mode)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(content); err != nil {
			return err
		}
	}
	return archive.Close()
}
