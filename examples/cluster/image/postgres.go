package image

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// postgresStart is the entrypoint: it makes the database at the first start. The
// variables are those of the official image.
//
//go:embed postgres.sh
var postgresStart string

// PostgreSQL returns an image of the server that Debian's package has installed
// here: its programs, what they load, and a shell for initdb. Its user is 70, as
// in the official image for Alpine.
func PostgreSQL(ctx context.Context) (v1.Image, error) {
	home, version, err := postgresHome()
	if err != nil {
		return nil, err
	}
	shell, err := exec.LookPath("busybox")
	if err != nil {
		return nil, errors.New("no program busybox: apt-get install busybox-static")
	}
	var files layer
	for _, program := range []string{"postgres", "initdb", "pg_isready", "psql", "pg_dump", "pg_restore", "pg_ctl"} {
		from := filepath.Join(home, "bin", program)
		files.copy(from, from)
		files.link(path.Join("/usr/bin", program), from)
		files.addLibraries(ctx, from)
	}
	files.addModules(ctx, filepath.Join(home, "lib"))
	files.copyAll("/usr/share/postgresql/"+version, "/usr/share/postgresql/"+version)
	files.copyAll("/usr/share/zoneinfo", "/usr/share/zoneinfo")
	files.copy(shell, "/bin/busybox")
	for _, name := range []string{"sh", "cat", "chmod", "chown", "ls", "mkdir", "sleep"} {
		files.link("/bin/"+name, "busybox")
	}
	files.write("/etc/passwd", "root:x:0:0::/:/bin/sh\npostgres:x:70:70::/var/lib/postgresql:/bin/sh\n", 0o644)
	files.write("/etc/group", "root:x:0:\npostgres:x:70:\n", 0o644)
	files.write("/start", postgresStart, 0o755)
	files.folder("/tmp", 0o1777)
	files.folder("/var/run/postgresql", 0o1777) // Debian's place of the socket
	return files.image(v1.Config{
		Entrypoint: []string{"/start"}, User: "70:70",
		Env: []string{"PATH=/usr/bin:/bin", "LANG=C", "PGDATA=/var/lib/postgresql/data"},
	})
}

// postgresHome returns the folder of the newest server, and its version.
func postgresHome() (home, version string, err error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", "", errors.Join(errors.New("no PostgreSQL server: apt-get install postgresql"), err)
	}
	home = filepath.Dir(filepath.Dir(found[len(found)-1]))
	return home, filepath.Base(home), nil
}

// addModules adds the modules that the server loads, and their libraries. The
// folder for just-in-time compilation stays away: it is large and needs LLVM.
func (l *layer) addModules(ctx context.Context, folder string) {
	modules, err := filepath.Glob(filepath.Join(folder, "*.so"))
	if err != nil {
		panic(err) // the pattern is sound
	}
	for _, module := range modules {
		if filepath.Base(module) == "llvmjit.so" {
			continue
		}
		l.copy(module, module)
		l.addLibraries(ctx, module)
	}
}

// library is a line of ldd: a name and its file, or the loader's file.
var library = regexp.MustCompile(`(?m)^\s+(?:(\S+) => )?(/\S+) \(0x`)

// addLibraries adds the shared libraries of a program.
func (l *layer) addLibraries(ctx context.Context, file string) {
	out, err := exec.CommandContext(ctx, "ldd", file).CombinedOutput()
	if err != nil {
		l.err = fmt.Errorf("ldd %s: %w: %s", file, err, strings.TrimSpace(string(out)))
		return
	}
	for _, match := range library.FindAllStringSubmatch(string(out), -1) {
		l.copy(match[2], match[2])
	}
}
