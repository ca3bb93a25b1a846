package cluster

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// module is a Go module that programs are built from. There are several,
// because their dependencies conflict.
type module struct {
	folder   string
	ldflags  string            // that set a version
	tags     string            // of the build
	cgo      string            // "1" where a C compiler is needed
	packages []string          // to build; default: the module's tools
	name     string            // of the stamp; default: the folder
	programs map[string]string // what a program is called after `go build`, and here
	owner    string            // the module that data come from
	data     map[string]string // files and folders of the owner, and what they are called here
	into     string            // folder below that of the programs; "" for itself
}

// modules returns what is built, in this order: what every cluster needs, a
// forge, and a real node.
func modules(argo Version, forge, node bool) []module {
	all := []module{
		kubernetes("kubernetes", map[string]string{
			"server": "etcd", "kube-apiserver": "kube-apiserver",
			"kube-controller-manager": "kube-controller-manager", "kube-scheduler": "kube-scheduler",
		}, "go.etcd.io/etcd/server/v3", "k8s.io/kubernetes/cmd/kube-apiserver",
			"k8s.io/kubernetes/cmd/kube-controller-manager", "k8s.io/kubernetes/cmd/kube-scheduler"),
		argo.module(),
		{folder: "kwok", ldflags: "-X sigs.k8s.io/kwok/pkg/consts.Version=v0.6.1", programs: map[string]string{"kwok": "kwok"}},
		{folder: "kustomize", programs: map[string]string{"kustomize": "kustomize"}},
	}
	if forge {
		all = append(all, module{
			folder: "gitea", ldflags: "-X main.Version=1.26.0", tags: "sqlite sqlite_unlock_notify", cgo: "1",
			programs: map[string]string{"gitea": "gitea"},
			owner:    "code.gitea.io/gitea", data: map[string]string{"options": giteaFiles + "/options", "templates": giteaFiles + "/templates"},
		})
	}
	if node {
		all = append(all,
			kubernetes("kubelet", map[string]string{"kubelet": "kubelet", "kube-proxy": "kube-proxy"},
				"k8s.io/kubernetes/cmd/kubelet", "k8s.io/kubernetes/cmd/kube-proxy"),
			module{folder: "coredns", programs: map[string]string{"coredns": "coredns"}},
			module{folder: "traefik", programs: map[string]string{"traefik": "traefik"}})
	}
	return all
}

// kubernetes is a part of the programs of the module kubernetes.
func kubernetes(name string, programs map[string]string, packages ...string) module {
	return module{
		folder: "kubernetes", name: name, ldflags: "-X k8s.io/component-base/version.gitVersion=v1.31.0",
		programs: programs, packages: packages,
	}
}

// DefaultBin returns the folder that keeps the programs between runs.
func DefaultBin() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "octopod-cluster")
}

// BuildOptions configure Build. The zero value works for most callers.
type BuildOptions struct {
	Bin    string    // folder for the programs; default DefaultBin
	Source string    // this folder; default: what `go list` says
	ArgoCD Version   // default V2
	Forge  bool      // Gitea as well, which needs a C compiler
	Node   bool      // what a real node needs as well, where NodeLack is nil
	Log    io.Writer // default: nowhere
}

// Build builds every program that is missing, or that was built from other
// sources, and logs its progress. The first build takes about ten
// minutes on two cores, and what a real node needs takes about as long again.
func Build(ctx context.Context, o BuildOptions) error {
	o.Bin, o.Log = cmp.Or(o.Bin, DefaultBin()), cmp.Or[io.Writer](o.Log, io.Discard)
	if err := o.ArgoCD.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Bin, 0o755); err != nil {
		return err
	}
	if o.Source == "" {
		dir, err := module{}.goCommand(ctx, ".", "list", "-f", "{{.Dir}}", "octopod/examples/cluster")
		if err != nil {
			return fmt.Errorf("run this inside of the repository: %w", err)
		}
		o.Source = dir
	}
	node := o.Node && NodeLack() == nil
	all := modules(o.ArgoCD, o.Forge, node)
	for i, m := range all {
		if err := m.build(ctx, o, fmt.Sprintf("%d of %d", i+1, len(all))); err != nil {
			return fmt.Errorf("building %s: %w", m.title(), err)
		}
	}
	if node {
		if _, err := (module{}).goCommand(ctx, o.Source, "build", "-trimpath", "-o", filepath.Join(o.Bin, pauseProgram), "./pause"); err != nil {
			return fmt.Errorf("building %s: %w", pauseProgram, err)
		}
	}
	return linkParts(filepath.Join(o.Bin, o.ArgoCD.folder()))
}

// title names the module for its stamp and for people.
func (m module) title() string { return cmp.Or(m.name, m.folder) }

// build builds the programs of the module. turn is its place among all modules, for the log.
func (m module) build(ctx context.Context, o BuildOptions, turn string) error {
	dir := filepath.Join(o.Source, m.folder)
	o.Bin = filepath.Join(o.Bin, m.into)
	if err := os.MkdirAll(o.Bin, 0o755); err != nil {
		return err
	}
	stamp, err := m.stamp(dir)
	if err != nil {
		return err
	}
	stampFile := filepath.Join(o.Bin, m.title()+".stamp")
	if made, err := os.ReadFile(stampFile); err == nil && string(made) == stamp && m.complete(o.Bin) {
		return nil
	}
	fmt.Fprintf(o.Log, "building %s (%s) …\n", m.title(), turn)
	began := time.Now()
	fresh, err := os.MkdirTemp(o.Bin, m.title()+"-") // beside, so that a rename is enough
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	args := []string{"build", "-trimpath", "-tags", m.tags, "-ldflags", "-s -w " + m.ldflags, "-o", fresh + "/"}
	if len(m.packages) == 0 {
		args = append(args, "tool")
	}
	if _, err := m.goCommand(ctx, dir, append(args, m.packages...)...); err != nil {
		return err
	}
	for made, name := range m.programs {
		if err := os.Rename(filepath.Join(fresh, made), filepath.Join(o.Bin, name)); err != nil {
			return err
		}
	}
	if err := m.copyData(ctx, dir, o.Bin); err != nil {
		return err
	}
	fmt.Fprintf(o.Log, "building %s took %s\n", m.title(), time.Since(began).Round(time.Second))
	return os.WriteFile(stampFile, []byte(stamp), 0o644)
}

// stamp returns a hash of everything that the programs are built from.
func (m module) stamp(dir string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH, m.ldflags+m.tags)
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		sum.Write(data)
	}
	return fmt.Sprintf("%x\n", sum.Sum(nil)), nil
}

func (m module) complete(bin string) bool {
	for _, names := range []map[string]string{m.programs, m.data} {
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
				return false
			}
		}
	}
	return true
}

// copyData copies the data files of the programs.
func (m module) copyData(ctx context.Context, dir, bin string) error {
	if len(m.data) == 0 {
		return nil
	}
	owner, err := m.goCommand(ctx, dir, "list", "-m", "-f", "{{.Dir}}", m.owner)
	if err != nil {
		return err
	}
	for there, here := range m.data {
		if err := copyAll(filepath.Join(owner, there), filepath.Join(bin, here)); err != nil {
			return err
		}
	}
	return nil
}

// copyAll copies a file or a folder, and replaces an existing folder.
func copyAll(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if filepath.Ext(to) == ".sh" { // Go's module cache marks nothing as executable
			mode = 0o755
		}
		return os.WriteFile(to, data, mode)
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.CopyFS(to, os.DirFS(from))
}

func (m module) goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED="+cmp.Or(m.cgo, "0"), "GOWORK=off")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, errs.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// module returns what the programs of the version are built from.
func (v Version) module() module {
	if v == V3 {
		// The repo-server of version 3 calls the script also without signatures.
		files := crdFiles()
		files["hack/git-verify-wrapper.sh"] = "git-verify-wrapper.sh"
		return module{
			folder: "argocd3", into: v.folder(), ldflags: "-X github.com/argoproj/argo-cd/v3/common.version=3.5.7",
			programs: map[string]string{"cmd": "argocd"}, owner: "github.com/argoproj/argo-cd/v3", data: files,
		}
	}
	return module{
		folder: "argocd", ldflags: "-X github.com/argoproj/argo-cd/v2/common.version=2.14.21",
		programs: map[string]string{"cmd": "argocd"}, owner: "github.com/argoproj/argo-cd/v2", data: crdFiles(),
	}
}

// linkParts links Argo CD's single program under the names of its parts: the
// program name selects the part.
func linkParts(bin string) error {
	for _, part := range argocdParts() {
		err := os.Symlink("argocd", filepath.Join(bin, string(part)))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
